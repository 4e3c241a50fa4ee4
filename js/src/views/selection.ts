/** Copying a selection that holds formulas: each of them as its LaTeX with delimiters, whole even if it was selected in part. */

type SourceOf = (node: HTMLElement) => string | undefined;

/** Put the selection below `root` into the clipboard if there are formulas in it; else the browser does. */
export function copyWithSource(event: ClipboardEvent, root: ShadowRoot, sourceOf: SourceOf): void {
  const range = selectionIn(root);
  if (!range || !event.clipboardData) return;
  for (const edge of ["start", "end"] as const) {
    const formula = formulaAround(range[`${edge}Container`]);
    if (formula) edge === "start" ? range.setStartBefore(formula) : range.setEndAfter(formula);
  }
  const sources = [...root.querySelectorAll<HTMLElement>(".math")].filter((node) => range.intersectsNode(node));
  if (sources.length === 0) return;
  const copy = document.createElement("div");
  copy.className = "markdown";
  copy.style.cssText = "position:fixed;left:-9999px;width:60rem";
  copy.append(range.cloneContents());
  for (const [at, node] of [...copy.querySelectorAll<HTMLElement>(".math")].entries()) {
    node.textContent = sourceOf(sources[at] as HTMLElement) ?? node.textContent;
    node.style.whiteSpace = "pre-wrap";
  }
  for (const control of copy.querySelectorAll("button")) control.remove();
  root.append(copy);
  event.clipboardData.setData("text/plain", copy.innerText.trim());
  event.clipboardData.setData("text/html", new XMLSerializer().serializeToString(copy));
  copy.remove();
  event.preventDefault();
}

function formulaAround(node: Node): Element | null {
  return (node instanceof Element ? node : node.parentElement)?.closest(".math") ?? null;
}

/** Browsers do not agree on how a selection inside a shadow root is asked for. */
function selectionIn(root: ShadowRoot): Range | null {
  const own = (root as { getSelection?: () => Selection | null }).getSelection?.();
  if (own) return own.rangeCount > 0 && !own.isCollapsed ? own.getRangeAt(0).cloneRange() : null;
  const [composed] = document.getSelection()?.getComposedRanges?.({ shadowRoots: [root] }) ?? [];
  if (!composed || composed.collapsed || composed.startContainer.getRootNode() !== root) return null;
  const range = document.createRange();
  range.setStart(composed.startContainer, composed.startOffset);
  range.setEnd(composed.endContainer, composed.endOffset);
  return range;
}
