/**
 * Text that must be seen as it is: what a model wants a tool to do, and what came of it.
 *
 * Characters that have no look of their own, or that turn the text around them, are written out, so that nothing can hide in
 * it. JSON may be laid out over lines, every token of it untouched: parsing and writing it anew would round numbers and drop
 * doubled names.
 */
import { pure } from "./pure.ts";

/** Controls, formats, unassigned and private characters, halves of pairs, spaces that are none of ours, and what is never drawn. */
const UNSEEN = /(?:(?![\n\t ])[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}])+/gu;
/** So many places are marked one by one; a text with more of them is marked as plain text. */
const MARKS_MOST = 1_000;
/** So many characters of one place are named. */
const NAMES_MOST = 8;

/** What can be seen, and in turns with it the names of what cannot: even entries are text, odd ones names. */
export function pieces(text: string): string[] {
  const found: string[] = [];
  let from = 0;
  for (const { 0: unseen, index } of text.matchAll(UNSEEN)) {
    found.push(text.slice(from, index), names(unseen));
    from = index + unseen.length;
  }
  return [...found, text.slice(from)];
}

function names(unseen: string): string {
  const all = [...unseen].map(
    (each) => `U+${(each.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, "0")}`,
  );
  const more = all.length > NAMES_MOST ? ` and ${all.length - NAMES_MOST} more` : "";
  return all.slice(0, NAMES_MOST).join(" ") + more;
}

/** The same as one text, for where no element can stand. */
export function spelled(text: string): string {
  return spell(pieces(text));
}

function spell(all: readonly string[]): string {
  return all.map((piece, at) => (at % 2 ? `[${piece}]` : piece)).join("");
}

export const Exact = pure(function Exact({ text }: { text: string }) {
  const all = pieces(text);
  if (all.length > 2 * MARKS_MOST) return <>{spell(all)}</>;
  return <>{all.map((piece, at) => (at % 2 ? <Unseen key={at} name={piece} /> : piece))}</>;
});

function Unseen({ name }: { name: string }) {
  return (
    <span class="unseen" title="A character that cannot be seen">
      {name}
    </span>
  );
}

const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s"{}[\],:]+/g;
/** Deeper or longer than this is left as it is: the indent alone could be made to fill the memory. */
const DEEPEST = 24;
const LONGEST = 100_000;

/** Return a JSON object or list over several lines; null for other text, and where nothing is gained. */
export function layOut(text: string): string | null {
  if (text.length > LONGEST || !isStructure(text)) return null;
  const tokens = text.match(TOKENS) ?? [];
  let out = "";
  let depth = 0;
  for (const [at, token] of tokens.entries()) {
    const closes = token === "}" || token === "]";
    const empty = closes && /^[{[]$/.test(tokens[at - 1] ?? "");
    if (closes) depth--;
    if (/^[{[]$/.test(tokens[at - 1] ?? "") || tokens[at - 1] === "," || closes) if (!empty) out += line(depth);
    out += token === ":" ? ": " : token;
    if (token === "{" || token === "[") depth++;
    if (depth > DEEPEST) return null;
  }
  return out === text ? null : out;
}

function line(depth: number): string {
  return `\n${"  ".repeat(depth)}`;
}

function isStructure(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null;
  } catch {
    return false;
  }
}
