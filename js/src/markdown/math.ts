/**
 * Math in Markdown: `$…$`, `$$…$$`, `\(…\)` and `\[…\]` are taken out of Markdown's hands, so that underscores, stars and
 * backslashes in a formula survive. Prices (`$5 and $6`, `US$5`) and shell variables (`$HOME:$PATH`) are no math.
 *
 * A block of math ends at its closing line or at a blank line, whichever comes first: whether a line belongs to it is known once
 * the line is complete.
 */

/** The lines that begin a block: a formula alone on its line, or the beginning of one that goes on. */
const WHOLE = /^(?:\$\$(?!\$)(?:\\.|[^\\$])+?\$\$|\\\[(?:[^\\]|\\(?!\]).)+?\\\])[ \t]*$/;
const BEGIN = /^(?:\$\$(?!\$)(?:\\.|[^\\$])*|\\\[(?:(?=[ \t]|\\begin\{)(?:[^\\]|\\(?!\]).)*)?)$/;
const END = /(?:\$\$|\\\])[ \t]*$/;
/** An inline formula longer than this is text: without a bound, many openings and no end take quadratic time. Characters. */
const INLINE =
  /\$\$(?!\$)(?:\\[\s\S]|[^\\$`]){1,4000}?\$\$(?!\$)|\$(?![\s$])(?:\\.|[^\\$\n`]){1,4000}?(?<![\s\\])\$(?![\d$])|\\\((?:[^\\]|\\(?!\))[\s\S]){1,4000}?\\\)|\\\[(?:[^\\]|\\(?!\])[\s\S]){1,4000}?\\\]/y;

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
