/**
 * The tree of blocks that the parser grows and `draw` shows: what a block is, without how it is read or looks.
 */

export type Kind =
  | "document"
  | "quote"
  | "list"
  | "item"
  | "note"
  | "paragraph"
  | "heading"
  | "code"
  | "html"
  | "math"
  | "table"
  | "rule";

export interface Block {
  kind: Kind;
  /** Whether further lines may belong to it. */
  open: boolean;
  readonly depth: number;
  readonly children: Block[];
  /** Of code, HTML and math: its lines; of a table: its rows below the head. */
  readonly lines: string[];
  /** Of a paragraph or heading: its text; of a table: its head; of a note: its label. */
  text: string;
  /** Of a paragraph: how much of the text is link definitions. */
  skip: number;
  /** The first and the last line that belong to it, counted from 1. */
  readonly from: number;
  to: number;
  /** Of a list: its bullet, or what follows its numbers; of a fence: its character; of indented code: ""; of
   * a paragraph: its first character. */
  marker: string;
  /** Of a list: its first number, if it is numbered. */
  start: number | null;
  /** Of a heading: its level; of an item or note: the columns that its further lines are indented by; of a fence: its length. */
  size: number;
  /** Of a fence: the columns that its opening is indented by. */
  indent: number;
  /** Of a list: whether blank lines part its items. */
  loose: boolean;
  /** Of code: what stands behind the opening fence. */
  info: string;
  /** Of HTML: what ends it, or null for a blank line. */
  end: RegExp | null;
  /** Of a table: its columns. */
  columns: Align[];
  /** How many of its children, and of its lines, are final. */
  sure: number;
  sureLines: number;
  /** What `draw` keeps with it; the parser never looks at it. */
  view: unknown;
}

export type Align = "left" | "center" | "right" | null;

export function makeBlock(kind: Kind, depth: number, from: number): Block {
  return {
    kind,
    depth,
    from,
    to: from,
    open: true,
    children: [],
    lines: [],
    text: "",
    skip: 0,
    marker: "",
    start: null,
    size: 0,
    indent: 0,
    loose: false,
    info: "",
    end: null,
    columns: [],
    sure: 0,
    sureLines: 0,
    view: null,
  };
}

/** The child that further lines may belong to. */
export function openChild(block: Block): Block | undefined {
  const last = block.children[block.children.length - 1];
  return last?.open ? last : undefined;
}

export function isContainer(block: Block): boolean {
  const { kind } = block;
  return kind === "document" || kind === "quote" || kind === "list" || kind === "item" || kind === "note";
}

/** Whether its lines are taken as they are: nothing begins inside it. */
export function isVerbatim(block: Block): boolean {
  return block.kind === "code" || block.kind === "html" || block.kind === "math";
}

/** Of a paragraph: its text behind the link definitions. */
export function textOf(block: Block): string {
  return block.skip ? block.text.slice(block.skip) : block.text;
}
