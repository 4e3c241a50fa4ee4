/**
 * Starts: which blocks a line begins (CommonMark 4 and 5.2, GFM 4.10, footnotes as GitHub reads them, math as `math` reads it).
 *
 * Owns the markers; the order in which they are tried is that of `STARTS`, and where a block is put is the parser's.
 */
import type { Line } from "./line.ts";
import { beginsMath, isWholeMath } from "./math.ts";
import { readColumns, splitRow } from "./table.ts";
import { type Block, textOf } from "./tree.ts";

/** What the starts need of the parser. */
export interface Builder {
  /** Close what the line did not continue, and add a block to `container` or to the nearest block around it that takes it. */
  add(container: Block, kind: Block["kind"]): Block;
  close(block: Block): void;
  /** Take the link definitions off a paragraph's beginning; returns whether any text is left. */
  settle(paragraph: Block): boolean;
  /** A footnote begins. */
  note(block: Block): void;
  /** Whether an open paragraph takes the line if nothing begins in it. */
  readonly lazy: boolean;
}

/** Returns the block that was begun, or null. A leaf takes the rest of the line unless it is closed. */
type Start = (line: Line, container: Block, builder: Builder) => Block | null;

/** Deeper nesting is read as text: no answer needs it, and hostile ones would take the page's time. */
const DEPTH_MOST = 50;

const HEADING = /^(#{1,6})(?:[ \t]+|$)/;
const FENCE = /^(?:(`{3,})(?=[^`]*$)|(~{3,}))(.*)$/;
const RULE = /^(?:(?:\*[ \t]*){3,}|(?:_[ \t]*){3,}|(?:-[ \t]*){3,})$/;
const SETEXT = /^(?:=+|-+)[ \t]*$/;
const BULLET = /^[*+-](?=[ \t]|$)/;
const NUMBER = /^(\d{1,9})([.)])(?=[ \t]|$)/;
const NOTE = /^\[\^([^\]\s[]+)\]:[ \t]*/;

const NAMES =
  "address|article|aside|base|basefont|blockquote|body|caption|center|col|colgroup|dd|details|dialog|dir|div|dl|dt|fieldset|figcaption|figure|footer|form|frame|frameset|h[1-6]|head|header|hr|html|iframe|legend|li|link|main|menu|menuitem|nav|noframes|ol|optgroup|option|p|param|search|section|summary|table|tbody|td|tfoot|th|thead|title|tr|track|ul";
const ATTRIBUTE = "\\s+[a-zA-Z_:][\\w.:-]*(?:\\s*=\\s*(?:[^\"'=<>`\\s]+|'[^']*'|\"[^\"]*\"))?";
export const TAG = `<[A-Za-z][A-Za-z\\d-]*(?:${ATTRIBUTE})*\\s*/?>|</[A-Za-z][A-Za-z\\d-]*\\s*>`;

/** The seven ways in which HTML begins, and what ends it (null: a blank line). */
const HTML: [RegExp, RegExp | null][] = [
  [/^<(?:script|pre|textarea|style)(?:\s|>|$)/i, /<\/(?:script|pre|textarea|style)>/i],
  [/^<!--/, /-->/],
  [/^<\?/, /\?>/],
  [/^<![A-Za-z]/, />/],
  [/^<!\[CDATA\[/, /\]\]>/],
  [new RegExp(`^</?(?:${NAMES})(?:\\s|/?>|$)`, "i"), null],
  [new RegExp(`^(?:${TAG})\\s*$`), null],
];

function quote(line: Line, container: Block, builder: Builder): Block | null {
  if (line.mark !== ">" || container.depth >= DEPTH_MOST) return null;
  line.skipIndent();
  skipQuoteMark(line);
  return builder.add(container, "quote");
}

/** Skip `>` and one blank behind it. */
export function skipQuoteMark(line: Line): void {
  line.skip(1);
  if (line.atBlank) line.skipColumns(1);
}

function heading(line: Line, container: Block, builder: Builder): Block | null {
  const match = HEADING.exec(line.content);
  if (!match) return null;
  line.skipIndent();
  line.skip(match[0].length);
  const block = builder.add(container, "heading");
  block.size = (match[1] as string).length;
  block.text = withoutClosing(line.rest.trimEnd());
  builder.close(block);
  return block;
}

/** A heading's text without the run of `#` that may close it; not by a pattern, which would look from every place on. */
function withoutClosing(text: string): string {
  let end = text.length;
  while (text[end - 1] === "#") end--;
  return end === 0 || /[ \t]/.test(text[end - 1] as string) ? text.slice(0, end).trimEnd() : text;
}

function fence(line: Line, container: Block, builder: Builder): Block | null {
  const match = FENCE.exec(line.content);
  if (!match) return null;
  const run = (match[1] ?? match[2]) as string;
  const block = builder.add(container, "code");
  block.marker = run[0] as string;
  block.size = run.length;
  block.indent = line.indent;
  block.info = (match[3] as string).trim();
  line.skip(line.text.length);
  return block;
}

function html(line: Line, container: Block, builder: Builder): Block | null {
  if (line.mark !== "<") return null;
  const kind = HTML.findIndex(([begin]) => begin.test(line.content));
  if (kind < 0 || (kind === 6 && (container.kind === "paragraph" || builder.lazy))) return null;
  const block = builder.add(container, "html");
  block.end = HTML[kind]?.[1] ?? null;
  return block;
}

function math(line: Line, container: Block, builder: Builder): Block | null {
  const text = line.content;
  if (!beginsMath(text)) return null;
  const block = builder.add(container, "math");
  block.lines.push(text.trimEnd());
  if (isWholeMath(text)) builder.close(block);
  line.skip(line.text.length);
  return block;
}

function setext(line: Line, container: Block, builder: Builder): Block | null {
  if (container.kind !== "paragraph" || !SETEXT.test(line.content)) return null;
  if (!builder.settle(container)) return null;
  container.kind = "heading";
  container.size = line.mark === "=" ? 1 : 2;
  line.skip(line.text.length);
  builder.close(container);
  return container;
}

function rule(line: Line, container: Block, builder: Builder): Block | null {
  if (!RULE.test(line.content)) return null;
  const block = builder.add(container, "rule");
  line.skip(line.text.length);
  builder.close(block);
  return block;
}

function item(line: Line, container: Block, builder: Builder): Block | null {
  if (container.depth >= DEPTH_MOST) return null;
  const content = line.content;
  const number = NUMBER.exec(content);
  const marker = number?.[0] ?? BULLET.exec(content)?.[0];
  if (!marker) return null;
  // inside a paragraph only what is surely a list counts: one that has text, and begins with 1
  const empty = content.length === marker.length || /^[ \t]*$/.test(content.slice(marker.length));
  if (container.kind === "paragraph" && (empty || (number && Number(number[1]) !== 1))) return null;
  const indent = line.indent;
  line.skipIndent();
  line.skip(marker.length);
  const { at, column } = line;
  let width = line.indent;
  if (line.blank || width > 4) {
    line.skipTo(at, column);
    width = 1;
    if (line.atBlank) line.skipColumns(1);
  } else line.skipColumns(width);
  const kind = number ? (number[2] as string) : marker;
  let list = container;
  if (container.kind !== "list" || container.marker !== kind) {
    list = builder.add(container, "list");
    list.marker = kind;
    list.start = number ? Number(number[1]) : null;
  }
  const block = builder.add(list, "item");
  block.size = indent + marker.length + width;
  return block;
}

function note(line: Line, container: Block, builder: Builder): Block | null {
  if (line.mark !== "[" || container.depth >= DEPTH_MOST) return null;
  const match = NOTE.exec(line.content);
  if (!match) return null;
  line.skipIndent();
  line.skip(match[0].length);
  const block = builder.add(container, "note");
  block.text = match[1] as string;
  block.size = 4;
  builder.note(block);
  return block;
}

/** The last line of a paragraph becomes a table's head when the next one sets as many columns. */
function table(line: Line, container: Block, builder: Builder): Block | null {
  if (container.kind !== "paragraph") return null;
  const columns = readColumns(line.content);
  if (!columns) return null;
  const cut = container.text.lastIndexOf("\n");
  const head = container.text.slice(cut + 1);
  if (cut < container.skip - 1 || splitRow(head).length !== columns.length) return null;
  line.skip(line.text.length);
  let block = container;
  if (cut > 0 && textOf({ ...container, text: container.text.slice(0, cut) }).trim()) {
    container.text = container.text.slice(0, cut);
    builder.close(container);
    block = builder.add(container, "table");
  } else block.kind = "table";
  block.text = head;
  block.columns = columns;
  return block;
}

/** Indented code. */
function indentedCode(line: Line, container: Block, builder: Builder): Block | null {
  if (line.blank || builder.lazy || container.kind === "paragraph") return null;
  line.skipColumns(4);
  return builder.add(container, "code");
}

const STARTS: readonly Start[] = [quote, heading, fence, html, math, setext, rule, item, note, table];

/** Begin what the line begins inside `container`, if anything. */
export function begin(line: Line, container: Block, builder: Builder): Block | null {
  if (line.indented) return indentedCode(line, container, builder);
  for (const start of STARTS) {
    const block = start(line, container, builder);
    if (block) return block;
  }
  return null;
}
