/**
 * Math in Markdown: `$…$`, `$$…$$`, `\(…\)` and `\[…\]` are taken out of Markdown's hands, so that underscores, stars and
 * backslashes in a formula survive. Prices (`$5 and $6`, `US$5`) and shell variables (`$HOME:$PATH`) are no math.
 *
 * A block of math ends at its closing line or at a blank line, whichever comes first: whether a line belongs to it is
 * known once the line is complete, which the streaming renderer depends on.
 */
import type { TokenizerThis, Tokens } from "marked";

/** The lines that begin a block: a formula alone on its line, or the beginning of one that goes on. */
const WHOLE = /^(?:\$\$(?!\$)(?:\\.|[^\\$])+?\$\$|\\\[(?:[^\\]|\\(?!\]).)+?\\\])[ \t]*$/;
const BEGIN = /^(?:\$\$(?!\$)(?:\\.|[^\\$])*|\\\[(?:(?=[ \t]|\\begin\{)(?:[^\\]|\\(?!\]).)*)?)$/;
const END = /(?:\$\$|\\\])[ \t]*$/;
/** An inline formula longer than this is text: without a bound, many openings and no end take quadratic time. Characters. */
const INLINE =
  /\$\$(?!\$)(?:\\[\s\S]|[^\\$`]){1,4000}?\$\$(?!\$)|\$(?![\s$])(?:\\.|[^\\$\n`]){1,4000}?(?<![\s\\])\$(?![\d$])|\\\((?:[^\\]|\\(?!\))[\s\S]){1,4000}?\\\)|\\\[(?:[^\\]|\\(?!\])[\s\S]){1,4000}?\\\]/y;
const START = /\$|\\[([]/;
/** The same, without what is behind a backslash of its own. */
const MARK = /\$|\\[\s\S]/g;

export interface Formula {
  tex: string;
  /** In lines of its own, and larger. */
  display: boolean;
}

/** Return what stands between the delimiters of a formula as it was written, or null while the closing one is missing. */
export function formulaOf(raw: string): Formula | null {
  const text = raw.trim();
  const open = text.startsWith("$$") || !text.startsWith("$") ? text.slice(0, 2) : "$";
  const close = open === "\\[" ? "\\]" : open === "\\(" ? "\\)" : open;
  if (text.length <= open.length + close.length || !text.endsWith(close)) return null;
  return { tex: text.slice(open.length, -close.length).trim(), display: open === "$$" || open === "\\[" };
}

/** Whether a block of math begins with this line (without its indentation). */
export function beginsMath(line: string): boolean {
  return (line.startsWith("$$") || line.startsWith("\\[")) && (WHOLE.test(line) || BEGIN.test(line));
}

/** Whether the block that begins with this line is complete with it. */
export function isWholeMath(line: string): boolean {
  return WHOLE.test(line);
}

/** Whether a further line of a block is its last. */
export function endsMath(line: string): boolean {
  return END.test(line);
}

/** Return the formula that begins at `at` inside a text, with its delimiters; "" if there is none. */
export function mathAt(text: string, at: number): string {
  INLINE.lastIndex = at;
  const raw = INLINE.exec(text)?.[0] ?? "";
  const single = raw[0] === "$" && raw[1] !== "$";
  return single && isMoney(raw.slice(1, -1), text[at - 1] ?? "", text[at + raw.length] ?? "") ? "" : raw;
}

/** Whether text between two dollar signs is none: a price up to the next one, a shell's variables, an address. */
function isMoney(text: string, before: string, after: string): boolean {
  if (/[A-Za-z\d]/.test(before) && !/[\\^_{]/.test(text)) return true;
  if (/^\{[A-Z_]{2,}\}/.test(text)) return true;
  if (/^\d[\d.,]*[kKmMbB]?\s+[A-Za-z]{2,}\s/.test(text) || text.includes("](") || text.includes("://")) return true;
  return /[\w({]/.test(after) && /^[A-Za-z_]\w+(?:[/.:-][\w.-]*)*[/:.,;=+-]?$/.test(text);
}

/** Return `source` with other characters in the place of inline formulas, so that no star in one is emphasis. */
export function withoutMath(source: string): string {
  let out = "";
  let from = 0;
  for (let at = nextMark(source, 0); at >= 0; ) {
    const raw = mathAt(source, at);
    if (raw) {
      out += source.slice(from, at) + "a".repeat(raw.length);
      from = at + raw.length;
    }
    at = nextMark(source, raw ? from : at + (source[at] === "\\" ? 2 : 1));
  }
  return out + source.slice(from);
}

function nextMark(source: string, from: number): number {
  MARK.lastIndex = from;
  for (let match = MARK.exec(source); match; match = MARK.exec(source))
    if (match[0] === "$" || match[0] === "\\(" || match[0] === "\\[") return match.index;
  return -1;
}

function block(this: TokenizerThis, src: string): Tokens.Generic | undefined {
  const raw = blockOf(src);
  return raw ? { type: "math", raw, text: raw.replace(/\n+$/, ""), block: true } : undefined;
}

/** The block of math that `src` begins with: one line, or lines to the closing one. */
function blockOf(src: string): string | null {
  const indent = /^ {0,3}/.exec(src)?.[0].length ?? 0;
  let end = lineEnd(src, 0);
  const first = src.slice(indent, end).replace(/\n$/, "");
  if (!beginsMath(first)) return null;
  if (isWholeMath(first)) return src.slice(0, end);
  for (const opening = end; end < src.length; ) {
    const line = src.slice(end, lineEnd(src, end)).replace(/\n$/, "");
    if (!line.trim()) return end > opening || first.length > 2 ? src.slice(0, end) : null;
    end = lineEnd(src, end);
    if (endsMath(line)) break;
  }
  return src.includes("\n", indent) ? src.slice(0, end) : null;
}

function lineEnd(src: string, from: number): number {
  const at = src.indexOf("\n", from);
  return at < 0 ? src.length : at + 1;
}

function inline(this: TokenizerThis, src: string, tokens: { raw: string }[]): Tokens.Generic | undefined {
  const before = tokens.at(-1)?.raw.at(-1) ?? "";
  const raw = mathAt(before + src, before.length);
  return raw ? { type: "math", raw, text: raw, block: false } : undefined;
}

/** marked's `extensions` option with these two tokenizers in it. */
export const math = {
  block: [block],
  inline: [inline],
  startBlock: [(src: string) => src.search(/\n {0,3}(?:\$\$|\\\[)/)],
  startInline: [(src: string) => src.search(START)],
  childTokens: {},
  renderers: {},
};
