/**
 * Small DOM helpers of the Markdown renderer. Everything is made by createElement and textContent: there is no way in for
 * markup. `Made` remembers beside a node what it was made from, so that the next token can tell whether it fits.
 */
import type { Token } from "marked";

export interface Made {
  /** What kind of token the node shows; one of another kind replaces the node. */
  key: string;
  /** The source that the node shows, and the definitions it was read with: equal ones need no second look. */
  raw: string;
  links: number;
}

const made = new WeakMap<Node, Made>();

export function madeOf(node: Node): Made | undefined {
  return made.get(node);
}

export function remember(node: Node, key: string, token: Token, links: number): void {
  made.set(node, { key, raw: token.raw, links });
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

/** Set a text node's text by appending where that is enough: a selection that the reader made stays. */
export function setText(node: Text, text: string): void {
  if (node.data === text) return;
  if (text.startsWith(node.data)) node.appendData(text.slice(node.data.length));
  else node.data = text;
}

export function setAttribute(node: Element, name: string, value: string | null): void {
  if (value === null) node.removeAttribute(name);
  else if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/** Remove `node` and everything behind it. */
export function removeFrom(node: ChildNode | null): void {
  let each = node;
  while (each) {
    const next: ChildNode | null = each.nextSibling;
    each.remove();
    each = next;
  }
}
