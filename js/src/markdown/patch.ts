/**
 * patch: makes the children of a node show a list of tokens, keeping every node that already shows the same kind.
 *
 * Owns the meeting of tokens and nodes, which is positional: an answer grows at its end, so earlier nodes nearly always fit.
 */
import type { Token } from "marked";
import { blockKey, isBlock, makeBlock, updateBlock } from "./blocks.ts";
import { madeOf, remember, removeFrom } from "./dom.ts";
import { inlineKey, makeInline, updateInline } from "./inline.ts";

/** What a token is read with besides its own text. */
export interface Context {
  /** Changes whenever the set of link definitions does; a node made under another one is looked at again. */
  links: number;
  /** How many nodes enclose what is drawn now. */
  depth: number;
}

/** What is nested deeper is shown as text: no answer needs it, and layout of thousands of levels would take seconds. */
const DEPTH_MOST = 60;

/** Show `tokens` as the children of `parent`, beginning at `first` (default: the first child); what is left over goes. */
export function patch(parent: Node, tokens: readonly Token[], context: Context, first?: ChildNode | null): ChildNode[] {
  if (context.depth > DEPTH_MOST) return [showText(parent, tokens)];
  context.depth++;
  try {
    return patchEach(parent, tokens, context, first);
  } finally {
    context.depth--;
  }
}

function showText(parent: Node, tokens: readonly Token[]): ChildNode {
  parent.textContent = tokens.map((token) => token.raw).join("");
  return parent.firstChild ?? parent.appendChild(document.createTextNode(""));
}

function patchEach(
  parent: Node,
  tokens: readonly Token[],
  context: Context,
  first: ChildNode | null | undefined,
): ChildNode[] {
  const nodes: ChildNode[] = [];
  let at = first === undefined ? parent.firstChild : first;
  for (const token of flat(tokens)) {
    const key = keyOf(token);
    if (!at || madeOf(at)?.key !== key) {
      const fresh = make(token, key) as ChildNode;
      if (at) at.replaceWith(fresh);
      else parent.appendChild(fresh);
      at = fresh;
    }
    update(at, key, token, context);
    nodes.push(at);
    at = at.nextSibling;
  }
  removeFrom(at);
  return nodes;
}

/** Tokens that make nodes: blank lines and definitions make none, a tight item's text stands without a paragraph. */
function* flat(tokens: readonly Token[]): Generator<Token> {
  for (const token of tokens) {
    if (token.type === "space" || token.type === "def") continue;
    if (token.type === "text" && "tokens" in token && token.tokens) yield* flat(token.tokens);
    else yield token;
  }
}

function keyOf(token: Token): string {
  return isBlock(token) ? blockKey(token) : inlineKey(token);
}

function make(token: Token, key: string): Node {
  return isBlock(token) ? makeBlock(token, key) : makeInline(token);
}

function update(node: Node, key: string, token: Token, context: Context): void {
  const old = madeOf(node);
  if (old && old.raw === token.raw && old.links === context.links && isStable(token)) return;
  if (isBlock(token)) updateBlock(node as HTMLElement, token, context);
  else updateInline(node, token, context);
  remember(node, key, token, context.links);
}

/** Whether equal source means equal tokens: not inside lists, whose looseness is decided by other items. */
function isStable(token: Token): boolean {
  return token.type !== "list_item" && token.type !== "list" && token.type !== "table";
}
