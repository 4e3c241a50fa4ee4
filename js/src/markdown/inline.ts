/**
 * Spans to DOM nodes: emphasis, code, links, pictures, text. Raw HTML is shown as the text it is.
 *
 * Owns what each span looks like; `patch` owns how a list of them meets the nodes that are there already.
 */
import { element, setAttribute, setOnlyText, setText } from "./dom.ts";
import { makeFormula, setFormula } from "./formula.ts";
import { type Context, patch } from "./patch.ts";
import { makePicture } from "./picture.ts";
import type { Span } from "./spans.ts";

type Link = Span & { type: "link" };
type Image = Span & { type: "image" };

/** The kind of node that a span needs. */
export function inlineKey(span: Span, context: Context): string {
  switch (span.type) {
    case "link":
      return context.link(span.href) === null ? "nolink" : "link";
    case "image":
      // told apart by address and name, so that one that was loaded on a click is never another's
      return ["image", span.href, span.text, span.title].join("\n");
    case "note":
      return `note ${span.label}`;
    default:
      return span.type;
  }
}

export function makeInline(span: Span, context: Context): Node {
  switch (span.type) {
    case "strong":
    case "em":
    case "del":
    case "code":
    case "wbr":
      return element(span.type);
    case "break":
      return element("br");
    case "checkbox":
      return makeCheckbox();
    case "link":
      return context.link(span.href) === null ? element("span", "nolink") : makeLink();
    case "image":
      return makeImage(span);
    case "math":
      return makeFormula(false);
    case "note":
      return makeReference(span.label, context);
    default:
      return document.createTextNode("");
  }
}

export function updateInline(node: Node, span: Span, context: Context): void {
  switch (span.type) {
    case "text":
    case "html":
      setText(node as Text, span.text);
      break;
    case "math":
      setFormula(node as HTMLElement, span.text);
      break;
    case "code":
      setOnlyText(node as Element, span.text);
      break;
    case "checkbox":
      (node as Element).toggleAttribute("checked", span.checked);
      (node as Element).ariaLabel = span.checked ? "done" : "to do";
      break;
    case "link":
      updateLink(node as HTMLElement, span, context);
      break;
    case "strong":
    case "em":
    case "del":
      patch(node, span.spans, context);
  }
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

function updateLink(node: HTMLElement, link: Link, context: Context): void {
  if (node instanceof HTMLAnchorElement) setAttribute(node, "href", context.link(link.href));
  setAttribute(node, "title", link.title || null);
  patch(node, link.spans, context);
}

function makeReference(label: string, context: Context): HTMLElement {
  const node = element("sup", "note-ref");
  context.refer(node, label);
  return node;
}

function makeImage({ href, text, title }: Image): HTMLElement {
  const node = makePicture(href, text);
  if (title) node.title = title;
  return node;
}
