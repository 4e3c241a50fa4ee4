/**
 * Text that must be seen as it is: what a model wants a tool to do, and what came of it.
 *
 * Characters that have no look of their own, or that turn the text around them, are written out, so that nothing can hide in
 * it.
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
