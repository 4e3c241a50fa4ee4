/**
 * Where the focus goes when what has it is about to leave the page. Lost, it would be the host's: the next key typed would be a
 * command of JupyterLab, and two of them delete a cell.
 */

/** Give the focus of `node`, or of anything in it, to the messages around it. */
export function keepFocus(node: HTMLElement | null): void {
  const focused = (node?.getRootNode() as ShadowRoot | undefined)?.activeElement;
  if (node && focused && node.contains(focused))
    node.closest<HTMLElement>(".log, .turn")?.focus({ preventScroll: true });
}
