/**
 * The pieces of links that inline text and link definitions share: destinations, titles, labels (CommonMark 4.7 and 6.3).
 *
 * Each reader takes a text and a position, and returns what it read and where it ended, or null.
 */
import { decode } from "./entities.ts";

export interface Definition {
  href: string;
  title: string;
}

export interface Read {
  value: string;
  end: number;
}

const ANGLES = /<((?:[^<>\n\\]|\\.)*)>/y;
const TITLE = /"((?:[^"\\]|\\[\s\S])*)"|'((?:[^'\\]|\\[\s\S])*)'|\(((?:[^()\\]|\\[\s\S])*)\)/y;
const LABEL = /\[((?:[^\\[\]]|\\[\s\S]){1,999})\]/y;
const BLANKS = /[ \t]*(?:\n[ \t]*)?/y;
const LINE_END = /[ \t]*(?:\n|$)/y;
const ESCAPE = /\\([!-/:-@[-`{-~])/g;
const PARENS_MOST = 32;

export function match(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** Text with its backslash escapes and character references replaced by what they stand for. */
export function plain(text: string): string {
  if (!text.includes("\\")) return decode(text);
  // a reference behind a backslash is none: what is escaped is taken out before references are looked for
  return text
    .split(/(\\[!-/:-@[-`{-~])/)
    .map((piece, at) => (at % 2 ? piece.replace(ESCAPE, "$1") : decode(piece)))
    .join("");
}

/** What two labels must have in common to be the same. */
export function normalise(label: string): string {
  return label
    .trim()
    .replace(/[ \t\r\n]+/g, " ")
    .toLowerCase()
    .toUpperCase();
}

/** Skip blanks with at most one line end among them. */
export function skipBlanks(text: string, at: number): number {
  return at + (match(BLANKS, text, at)?.[0].length ?? 0);
}

export function readDestination(text: string, at: number): Read | null {
  if (text[at] === "<") {
    const found = match(ANGLES, text, at);
    return found ? { value: plain(found[1] as string), end: ANGLES.lastIndex } : null;
  }
  let depth = 0;
  let end = at;
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end);
    if (code <= 0x20 || code === 0x7f) break;
    if (code === 0x5c) end += /[!-/:-@[-`{-~]/.test(text[end + 1] ?? "") ? 1 : 0;
    else if (code === 0x28 && ++depth > PARENS_MOST) return null;
    else if (code === 0x29 && --depth < 0) break;
  }
  if (depth > 0 || (end === at && text[end] !== ")")) return null;
  return { value: plain(text.slice(at, end)), end };
}

export function readTitle(text: string, at: number): Read | null {
  const found = match(TITLE, text, at);
  return found && { value: plain(found[1] ?? found[2] ?? found[3] ?? ""), end: TITLE.lastIndex };
}

/** Read `[label]`; the value is the label as written. */
export function readLabel(text: string, at: number): Read | null {
  const found = match(LABEL, text, at);
  return found && { value: found[1] as string, end: LABEL.lastIndex };
}

/** Read `(destination "title")`; "unsure" if it is none, but more text could still make it one. */
export function readTarget(text: string, at: number): (Definition & { end: number }) | "unsure" | null {
  if (text[at] !== "(") return null;
  const from = skipBlanks(text, at + 1);
  const target = readDestination(text, from);
  let end = target ? skipBlanks(text, target.end) : from;
  const title = target && end > target.end ? readTitle(text, end) : null;
  if (title) end = skipBlanks(text, title.end);
  if (!target || text[end] !== ")")
    return !target || end >= text.length || /["'(]/.test(text[end] ?? "") ? "unsure" : null;
  return { href: target.value, title: title?.value ?? "", end: end + 1 };
}

/**
 * Read a link definition that begins at `at`. `sure` says whether more text could still change it: a title may follow on the
 * next line.
 */
export function readDefinition(
  text: string,
  at: number,
): (Definition & { label: string; end: number; sure: boolean }) | null {
  const label = readLabel(text, at);
  if (!label || text[label.end] !== ":" || !label.value.trim()) return null;
  const target = readDestination(text, skipBlanks(text, label.end + 1));
  if (!target || (target.value === "" && text[target.end - 1] !== ">")) return null;
  const plain = match(LINE_END, text, target.end) ? LINE_END.lastIndex : -1;
  const from = skipBlanks(text, target.end);
  const title = from > target.end ? readTitle(text, from) : null;
  const base = { label: normalise(label.value), href: target.value };
  if (title && match(LINE_END, text, title.end)) {
    const end = LINE_END.lastIndex;
    return { ...base, title: title.value, end, sure: end < text.length };
  }
  if (plain < 0) return null;
  return { ...base, title: "", end: plain, sure: plain < text.length && !/["'(]/.test(text[from] ?? "") };
}
