/**
 * Where the focus goes when what has it is about to leave the page: to the messages around it. Lost, it would be nowhere in the
 * view, and the next Tab would begin at the top of the host's page.
 */
import { useLayoutEffect } from "preact/hooks";

const AROUND = ".log, .turn";

/** Give the focus of `node`, or of anything in it, to the messages around it. */
export function keepFocus(node: HTMLElement | null): void {
  const focused = focusOf(node);
  if (!focused || !node?.contains(focused)) return;
  const around =
    node.closest<HTMLElement>(AROUND) ?? (node.getRootNode() as ShadowRoot).querySelector<HTMLElement>(AROUND);
  around?.focus({ preventScroll: true });
}

/** Do that when the component of `root` goes. */
export function useKeptFocus(root: { current: HTMLElement | null }): void {
  useLayoutEffect(() => () => keepFocus(root.current), [root]);
}

/** The same, and give it to what `selector` finds in `place` once that is drawn, if nobody has taken it meanwhile. */
export function returnFocus(node: HTMLElement | null, place: Element | null | undefined, selector: string): void {
  keepFocus(node);
  requestAnimationFrame(() => {
    if (focusOf(place)?.matches(AROUND)) place?.querySelector<HTMLElement>(selector)?.focus();
  });
}

/** What has the focus in the view of `node`. */
export function focusOf(node: Element | null | undefined): Element | null {
  return (node?.getRootNode() as ShadowRoot | undefined)?.activeElement ?? null;
}
