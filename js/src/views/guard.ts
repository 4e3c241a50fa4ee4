/**
 * Guard: keys and clicks in a view are the view's or the browser's, where a host would take them: "d" twice on a button of ours
 * must not delete the cell; Shift and a click extend a selection of text (JupyterLab selects cells); the right button opens the
 * browser's menu in boxes, on links and on selected text.
 */

/** Keep from the host what happens in the view below `host`; returns how to let go. */
export function guard(host: HTMLElement): () => void {
  const kept: Record<string, (event: Event) => void> = {
    keydown: stop,
    keypress: stop,
    keyup: stop,
    mousedown: stopShift,
    contextmenu: stopMenu,
  };
  for (const [name, listener] of Object.entries(kept)) host.addEventListener(name, listener);
  return () => {
    for (const [name, listener] of Object.entries(kept)) host.removeEventListener(name, listener);
  };
}

function stop(event: Event): void {
  event.stopPropagation();
}

function stopShift(event: Event): void {
  if ((event as MouseEvent).shiftKey) stop(event);
}

function stopMenu(event: Event): void {
  const target = event.composedPath()[0] as Element;
  const root = target.getRootNode() as ShadowRoot & { getSelection?: () => Selection | null };
  const selection = root.getSelection?.() ?? getSelection();
  const selected = selection?.toString() && root.contains(selection.anchorNode);
  if (selected || target.closest("textarea, input, a")) stop(event);
}
