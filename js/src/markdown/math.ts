/**
 * Math in Markdown: `$…$`, `$$…$$`, `\(…\)` and `\[…\]` are taken out of Markdown's hands, so that underscores, stars and
 * backslashes in a formula survive. Prices (`$5 and $6`, `US$5`) and shell variables (`$HOME:$PATH`) are no math.
 *
 * A block of math ends at its closing line or at a blank line, whichever comes first: whether a line belongs to it is
 * known once the line is complete, which the streaming renderer depends on.
 */
import type { TokenizerThis, Tokens } from "marked";

const OPENING = /^ {0,3}(\$\$|\\\[)([^\n]*)(\n|$)/;
/** An inline formula longer than this is text. Characters; without a bound, many openings and no end take quadratic time. */
const INLINE =
  /^(?:\$\$(?!\$)(?:\\[\s\S]|[^\\$`]){1,4000}?\$\$(?!\$)|\$(?![\s$])(?:\\.|[^\\$\n`]){1,4000}?(?<![\s\\])\$(?![\d$])|\\\((?:[^\\]|\\(?!\))[\s\S]){1,4000}?\\\)|\\\[(?:[^\\]|\\(?!\])[\s\S]){1,4000}?\\\])/;
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
  const [open, close] = text.startsWith("$$")
    ? ["$$", "$$"]
    : text.startsWith("$")
      ? ["$", "$"]
      : [text.slice(0, 2), ""];
  const end = close || (open === "\\[" ? "\\]" : "\\)");
  if (text.length <= open.length + end.length || !text.endsWith(end)) return null;
  return { tex: text.slice(open.length, -end.length).trim(), display: open === "$$" || open === "\\[" };
}

function block(this: TokenizerThis, src: string): Tokens.Generic | undefined {
  const raw = blockOf(src);
  return raw ? { type: "math", raw, text: raw.replace(/\n+$/, ""), block: true } : undefined;
}

/** The block of math that `src` begins with: one line, or lines to the closing one. */
function blockOf(src: string): string | null {
  const [opening, open, first = "", end] = OPENING.exec(src) ?? [];
  if (opening === undefined) return null;
  const close = open === "$$" ? "$$" : "\\]";
  const closes = first.indexOf(close);
  if (closes > 0) return first.slice(closes + 2).trim() ? null : opening;
  if (closes === 0 || end === "" || (first.trim() && !/^\s*\\begin\{/.test(first))) return null;
  let length = opening.length;
  while (length < src.length) {
    const at = src.indexOf("\n", length);
    const line = src.slice(length, at < 0 ? undefined : at);
    if (!line.trim()) break;
    length += line.length + (at < 0 ? 0 : 1);
    if (line.trimEnd().endsWith(close)) break;
  }
  return length > opening.length || first.trim() ? src.slice(0, length) : null;
}

function inline(this: TokenizerThis, src: string, tokens: { raw: string }[]): Tokens.Generic | undefined {
  const raw = inlineOf(src, tokens.at(-1)?.raw.at(-1) ?? "");
  return raw ? { type: "math", raw, text: raw, block: false } : undefined;
}

function inlineOf(src: string, before: string): string | null {
  const raw = INLINE.exec(src)?.[0];
  if (!raw || (raw[0] === "$" && raw[1] !== "$" && isMoney(raw.slice(1, -1), before, src[raw.length] ?? "")))
    return null;
  return raw;
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
    const raw = inlineOf(source.slice(at), source[at - 1] ?? "");
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

/** marked's `extensions` option with these two tokenizers in it. */
export const math = {
  block: [block],
  inline: [inline],
  startBlock: [(src: string) => src.search(/\n {0,3}(?:\$\$|\\\[)/)],
  startInline: [(src: string) => src.search(START)],
  childTokens: {},
  renderers: {},
};
