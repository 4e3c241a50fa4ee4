/**
 * Blocks to DOM nodes: what paragraphs, headings, lists, quotes, tables, code, rules look like. Raw HTML is shown as text.
 *
 * Owns the nodes of one block without the blocks inside it, which are `draw`'s; what is drawn of a growing block is its end.
 */
import { actionButton, CodeBlock } from "./codeblock.ts";
import { element, removeFrom, setAttribute, setText } from "./dom.ts";
import { makeFormula, setFormula } from "./formula.ts";
import { plain } from "./links.ts";
import { type Context, Inline } from "./patch.ts";
import { splitRow } from "./table.ts";
import { type Block, textOf } from "./tree.ts";

/** How far the lines of a block are drawn for good, into which node. */
export interface View extends Group {
  settled: number;
  /** Of text: its characters that are drawn for good. */
  length: number;
  /** Of a whole text: where its blocks stand. */
  groups?: Group[];
}

/** Where some children stand, and the last of them that is drawn for good. */
export interface Group {
  readonly node: HTMLElement;
  last: ChildNode | null;
}

/** Lists of more items and tables of more rows are long: the browser is told to look at their parts one by one (styles/long.css). */
const LONG = 32;

/** The kind of node that a block needs. */
export function blockKey(block: Block): string {
  if (block.kind === "heading") return `h${block.size}`;
  if (block.kind === "list") return block.start === null ? "ul" : "ol";
  return block.kind;
}

export function makeNode(block: Block): HTMLElement {
  switch (block.kind) {
    case "paragraph":
      return element("p");
    case "item":
      return element("li");
    case "quote":
      return element("blockquote");
    case "rule":
      return element("hr");
    case "code":
      return new CodeBlock().root;
    case "table":
      return makeTable();
    case "math":
      return makeFormula(true);
    case "html":
      return element("p", "literal");
    default:
      return element(blockKey(block) as "h1" | "ul" | "ol");
  }
}

/** Show what the block itself says; `task` is whether its text may begin with a box. */
export function updateNode(node: HTMLElement, block: Block, view: View, context: Context, task: boolean): void {
  switch (block.kind) {
    case "paragraph":
      Inline.of(node).show(textOf(block).trim(), context, task);
      break;
    case "heading":
      Inline.of(node).show(textOf(block).trim(), context);
      break;
    case "list":
      setAttribute(node, "class", listClass(block));
      if (block.start !== null) setAttribute(node, "start", block.start === 1 ? null : String(block.start));
      break;
    case "item":
      setAttribute(node, "class", isTask(node) ? "task" : null);
      break;
    case "code":
      updateCode(node, block, view);
      break;
    case "table":
      updateTable(node, block, view, context);
      break;
    case "math":
      setFormula(node, block.lines.join("\n"));
      break;
    case "html":
      updateLiteral(node, block, view);
      break;
  }
}

function listClass({ loose, children }: Block): string | null {
  const long = children.length > LONG;
  if (loose) return long ? "long" : null;
  return long ? "tight long" : "tight";
}

function isTask(item: HTMLElement): boolean {
  const first = item.firstElementChild;
  return first?.localName === "p" && first.firstChild instanceof HTMLInputElement;
}

/** Raw HTML as text: the lines that are final are left alone. */
function updateLiteral(node: HTMLElement, block: Block, view: View): void {
  if (!node.firstChild) node.append("");
  const text = node.firstChild as Text;
  const end = block.lines.slice(view.settled).join("\n");
  setText(text, end, view.length);
  for (; view.settled < block.sureLines - 1; view.settled++)
    view.length += (block.lines[view.settled] as string).length + 1;
}

/** The language that a fence names: its first word. */
function languageOf(info: string): string {
  return /^\S*/.exec(plain(info))?.[0] ?? "";
}

function updateCode(node: HTMLElement, block: Block, view: View): void {
  const code = CodeBlock.of(node);
  if (!code) return;
  code.setLanguage(languageOf(block.info));
  const count = block.marker ? block.lines.length : block.size;
  for (let at = view.settled; at < count; at++) code.setLine(at, block.lines[at] as string);
  code.truncate(count);
  view.settled = Math.min(block.sureLines, count);
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

/** Rows stand in bodies of LONG. Of a long table the row that still grows waits until it is complete: half a cell may change all columns. */
function updateTable(frame: HTMLElement, block: Block, view: View, context: Context): void {
  const table = frame.querySelector("table") as HTMLTableElement;
  const head = table.firstChild as HTMLElement;
  const names = (head.firstChild ?? head.appendChild(element("tr"))) as HTMLElement;
  if (view.settled === 0) updateRow(names, block.text, "th", block, context);
  const { lines, open, sureLines } = block;
  const count = open ? Math.min(lines.length, Math.max(sureLines, LONG)) : lines.length;
  let body = (view.last?.parentElement ?? head.nextSibling) as HTMLElement;
  let row = (view.last ? view.last.nextSibling : body.firstChild) as HTMLElement | null;
  for (let at = view.settled; at < count; at++) {
    if (at > 0 && at % LONG === 0) {
      body = (body.nextSibling ?? table.appendChild(element("tbody"))) as HTMLElement;
      row = body.firstChild as HTMLElement | null;
    }
    row ??= body.appendChild(element("tr"));
    updateRow(row, lines[at] as string, "td", block, context);
    if (at < sureLines) {
      view.settled = at + 1;
      view.last = row;
    }
    row = row.nextSibling as HTMLElement | null;
  }
  removeFrom(row);
  removeFrom(body.nextSibling);
  setAttribute(table, "class", count > LONG ? "long" : null);
}

function updateRow(row: HTMLElement, text: string, name: "th" | "td", block: Block, context: Context): void {
  const cells = splitRow(text);
  let cell = row.firstElementChild;
  for (const [at, align] of block.columns.entries()) {
    cell ??= row.appendChild(element(name));
    setAttribute(cell, "align", align);
    Inline.of(cell).show(cells[at] ?? "", context);
    cell = cell.nextElementSibling;
  }
  removeFrom(cell);
}
