/**
 * Small DOM helpers of the Markdown renderer. Everything is made by createElement and textContent: there is no way in for
 * markup. Beside each node stands its key: what kind of thing it shows, so that the next one can tell whether it fits.
 */

const keys = new WeakMap<Node, string>();

/** What kind of thing a node shows; one of another kind replaces the node. */
export function keyOf(node: Node): string | undefined {
  return keys.get(node);
}

/** Return `at` if it shows things of this kind, else a new node in its place (before `stop`, if `at` is null). */
export function placeNode(
  parent: Node,
  at: ChildNode | null,
  stop: ChildNode | null,
  key: string,
  make: () => ChildNode,
): ChildNode {
  if (at && keys.get(at) === key) return at;
  const fresh = make();
  keys.set(fresh, key);
  if (at) at.replaceWith(fresh);
  else parent.insertBefore(fresh, stop);
  return fresh;
}

export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  className = "",
  text = "",
): HTMLElementTagNameMap[K] {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

/**
 * Set a text node's text, behind its first `from` characters, by changing its end alone: a selection that the reader made in what
 * stays, stays.
 */
export function setText(node: Text, text: string, from = 0): void {
  const old = from ? node.substringData(from, node.length) : node.data;
  let same = 0;
  if (text.startsWith(old)) same = old.length;
  else while (same < old.length && old[same] === text[same]) same++;
  if (same < old.length) node.replaceData(from + same, old.length - same, text.slice(same));
  else if (same < text.length) node.appendData(text.slice(same));
}

/** Make `text` the whole content of a node that holds nothing but text. */
export function setOnlyText(node: Element, text: string): void {
  if (node.firstChild) setText(node.firstChild as Text, text);
  else if (text) node.append(text);
}

export function setAttribute(node: Element, name: string, value: string | null): void {
  if (value === null) node.removeAttribute(name);
  else if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/** Remove `node` and everything behind it, up to `stop`. */
export function removeFrom(node: ChildNode | null, stop: ChildNode | null = null): void {
  let each = node;
  while (each && each !== stop) {
    const next: ChildNode | null = each.nextSibling;
    each.remove();
    each = next;
  }
}
