/**
 * Block tokens to DOM nodes: paragraphs, headings, lists, quotes, tables, code, rules. Raw HTML is shown as text.
 *
 * Owns what each block looks like; nothing here knows that the text is still growing.
 */
import type { Token, Tokens } from "marked";
import { actionButton, CodeBlock } from "./codeblock.ts";
import { element, setAttribute, setText } from "./dom.ts";
import { makeFormula, setFormula } from "./formula.ts";
import { type Context, patch } from "./patch.ts";

const BLOCKS = new Set(["paragraph", "heading", "list", "list_item", "blockquote", "code", "table", "hr"]);

export function isBlock(token: Token): boolean {
  return (
    BLOCKS.has(token.type) || ((token.type === "html" || token.type === "math") && "block" in token && !!token.block)
  );
}

export function blockKey(token: Token): string {
  if (token.type === "heading") return `h${(token as Tokens.Heading).depth}`;
  if (token.type === "list") return (token as Tokens.List).ordered ? "ol" : "ul";
  return token.type === "html" || token.type === "math" ? `${token.type} block` : token.type;
}

export function makeBlock(token: Token, key: string): HTMLElement {
  switch (token.type) {
    case "paragraph":
      return element("p");
    case "list_item":
      return element("li");
    case "code":
      return new CodeBlock().root;
    case "table":
      return makeTable();
    case "math":
      return makeFormula(true);
    case "html":
      return element("p", "literal");
    default:
      return element(key as "h1" | "ul" | "ol" | "blockquote" | "hr");
  }
}

export function updateBlock(node: HTMLElement, token: Token, context: Context): void {
  switch (token.type) {
    case "paragraph":
    case "heading":
    case "blockquote":
      patch(node, (token as Tokens.Paragraph).tokens, context);
      break;
    case "list":
      updateList(node, token as Tokens.List, context);
      break;
    case "list_item":
      updateItem(node, token as Tokens.ListItem, context);
      break;
    case "code":
      updateCode(node, token as Tokens.Code);
      break;
    case "table":
      updateTable(node, token as Tokens.Table, context);
      break;
    case "math":
      setFormula(node, token.raw);
      break;
    case "html":
      updateLiteral(node, token as Tokens.HTML);
      break;
  }
}

/** The language that a fence names: its first word, as written. */
export function languageOf(info: string | undefined): string {
  return /^\S*/.exec((info ?? "").trim())?.[0] ?? "";
}

function updateList(node: HTMLElement, list: Tokens.List, context: Context): void {
  if (list.ordered) setAttribute(node, "start", list.start === 1 || list.start === "" ? null : String(list.start));
  patch(node, list.items as Token[], context);
}

function updateItem(node: HTMLElement, item: Tokens.ListItem, context: Context): void {
  node.classList.toggle("task", item.task);
  if (!node.className) node.removeAttribute("class");
  patch(node, item.tokens, context);
}

function updateCode(node: HTMLElement, token: Tokens.Code): void {
  const code = CodeBlock.of(node);
  code?.setLanguage(languageOf(token.lang));
  code?.setText(token.text.replace(/\n$/, "")); // marked keeps the newline behind a blank last line
}

function updateLiteral(node: HTMLElement, token: Tokens.HTML): void {
  const text = token.raw.replace(/\n+$/, "");
  if (!node.firstChild) node.append(text);
  else setText(node.firstChild as Text, text);
}

function makeTable(): HTMLElement {
  const frame = element("div", "table-frame");
  const scroller = element("div", "table");
  scroller.tabIndex = 0; // a wide table scrolls sideways, by keyboard too
  const table = element("table");
  table.append(element("thead"), element("tbody"));
  scroller.append(table);
  frame.append(scroller, actionButton("copy-table", "Copy table"));
  return frame;
}

function updateTable(frame: HTMLElement, token: Tokens.Table, context: Context): void {
  const table = frame.querySelector("table") as HTMLTableElement;
  const [head, body] = [table.firstChild as HTMLElement, table.lastChild as HTMLElement];
  resize(head, 1, () => element("tr"));
  updateRow(head.firstChild as HTMLElement, token.header, "th", token.align, context);
  resize(body, token.rows.length, () => element("tr"));
  token.rows.forEach((row, at) => {
    updateRow(body.childNodes[at] as HTMLElement, row, "td", token.align, context);
  });
}

function updateRow(
  row: HTMLElement,
  cells: Tokens.TableCell[],
  name: "th" | "td",
  align: Tokens.Table["align"],
  context: Context,
): void {
  resize(row, cells.length, () => element(name));
  cells.forEach((cell, at) => {
    const node = row.childNodes[at] as HTMLElement;
    setAttribute(node, "align", align[at] ?? null);
    patch(node, cell.tokens, context);
  });
}

function resize(parent: HTMLElement, count: number, make: () => HTMLElement): void {
  while (parent.childNodes.length > count) parent.lastChild?.remove();
  while (parent.childNodes.length < count) parent.append(make());
}
