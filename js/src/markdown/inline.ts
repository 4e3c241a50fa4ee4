/**
 * Inline tokens to DOM nodes: emphasis, code, links, pictures, text. Raw HTML is shown as the text it is.
 *
 * Owns what each inline token looks like; `patch` owns how a list of them meets the nodes that are there already.
 */
import type { Token, Tokens } from "marked";
import { element, setAttribute, setText } from "./dom.ts";
import { decode } from "./entities.ts";
import { makeFormula, setFormula } from "./formula.ts";
import { type Context, patch } from "./patch.ts";
import { makePicture } from "./picture.ts";
import { safeLink } from "./urls.ts";

const WRAPPERS: Record<string, "strong" | "em" | "del"> = { strong: "strong", em: "em", del: "del" };

/** The kind of node that a token needs; text of every kind shares one. */
export function inlineKey(token: Token): string {
  switch (token.type) {
    case "strong":
    case "em":
    case "del":
    case "codespan":
    case "br":
    case "checkbox":
    case "math":
      return token.type;
    case "link":
      return linkOf(token as Tokens.Link) === null ? "nolink" : "link";
    case "image":
      return imageKey(token as Tokens.Image);
    default:
      return "#text";
  }
}

export function makeInline(token: Token): Node {
  const wrapper = WRAPPERS[token.type];
  if (wrapper) return element(wrapper);
  switch (inlineKey(token)) {
    case "codespan":
      return element("code");
    case "br":
      return element("br");
    case "checkbox":
      return makeCheckbox();
    case "math":
      return makeFormula(false);
    case "link":
      return makeLink();
    case "nolink":
      return element("span", "nolink");
    case "#text":
      return document.createTextNode("");
    default:
      return makePicture(decode((token as Tokens.Image).href), decode((token as Tokens.Image).text));
  }
}

export function updateInline(node: Node, token: Token, context: Context): void {
  if (node instanceof Text) setText(node, plainText(token));
  else if (token.type === "math") setFormula(node as HTMLElement, token.raw);
  else if (token.type === "codespan") setOnlyText(node as Element, (token as Tokens.Codespan).text);
  else if (token.type === "checkbox") {
    const { checked } = token as Tokens.Checkbox;
    (node as HTMLInputElement).toggleAttribute("checked", checked);
    (node as HTMLInputElement).ariaLabel = checked ? "done" : "to do";
  } else if (token.type === "link") updateLink(node as HTMLElement, token as Tokens.Link, context);
  else if (WRAPPERS[token.type]) patch(node as Element, (token as Tokens.Strong).tokens, context);
}

/** The text of a token that becomes a text node. Autolinks are literal: their text holds no character references. */
function plainText(token: Token): string {
  if (token.type === "text") return decode(token.raw);
  return token.type === "escape" ? (token as Tokens.Escape).text : token.raw;
}

function setOnlyText(node: Element, text: string): void {
  if (!node.firstChild) node.append(text);
  else setText(node.firstChild as Text, text);
}

function makeCheckbox(): HTMLInputElement {
  const box = element("input");
  box.type = "checkbox";
  box.disabled = true;
  return box;
}

function makeLink(): HTMLAnchorElement {
  const link = element("a");
  link.target = "_blank";
  link.rel = "noopener noreferrer";
  return link;
}

function linkOf(token: Tokens.Link): string | null {
  return safeLink(token.autolink ? token.href : decode(token.href));
}

function updateLink(node: HTMLElement, token: Tokens.Link, context: Context): void {
  if (node instanceof HTMLAnchorElement) setAttribute(node, "href", linkOf(token));
  setAttribute(node, "title", token.title ? decode(token.title) : null);
  if (token.autolink) setOnlyText(node, token.text);
  else patch(node, token.tokens, context);
}

/** Pictures are told apart by their address and name, so that one that was loaded on a click is never another's. */
function imageKey(token: Tokens.Image): string {
  return `image ${token.href} ${token.text}`;
}
