/** Rules that many languages share, and the choice of a word's style by word lists. */
import type { Rule, Style } from "./tokenizer.ts";

export const NUMBER: Rule = [
  /\b(?:0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|\d[\d_]*(?:\.[\d_]+)?(?:[eE][+-]?\d+)?)(?:[a-zA-Z]\w{0,5})?\b/,
  "number",
];
export const OPERATOR: Rule = [/[-+*/%=<>!&|^~?]+/, "operator"];
export const SPACE: Rule = [/\s+/, null];
/** Strings that end with their line. */
export const DOUBLE: Rule = [/"(?:\\.|[^"\\])*"?/, "string"];
export const SINGLE: Rule = [/'(?:\\.|[^'\\])*'?/, "string"];
export const LINE_COMMENT: Rule = [/\/\/.*/, "comment"];
export const HASH_COMMENT: Rule = [/#.*/, "comment"];
export const OPEN_COMMENT: Rule = [/\/\*/, "comment", "comment"];
export const COMMENT: readonly Rule[] = [
  [/\*\//, "comment", "^"],
  [/[^*]+|\*/, "comment"],
];
/** A comment in which another may stand. */
export const NESTED_COMMENT: readonly Rule[] = [[/\*\//, "comment", "^"], OPEN_COMMENT, [/[^*/]+|[*/]/, "comment"]];
/** What follows a dot is a name, whatever it reads. */
export const MEMBER: readonly Rule[] = [
  [/(?<=\.)[A-Za-z_]\w*(?=\()/, "function"],
  [/(?<=\.)[A-Za-z_]\w*/, null],
];
/** Names that begin large are types. */
export const TYPE: Rule = [/[A-Z]\w*(?![\w(])/, "builtin"];

/** Return rules that style whole words: those of the lists, and any other one as a function if a bracket follows. */
export function words(keywords: string, builtins = "", pattern = /[A-Za-z_$][\w$]*/, fold = false): readonly Rule[] {
  const styles = new Map<string, Style>();
  for (const word of builtins.split(" ")) if (word) styles.set(word, "builtin");
  for (const word of keywords.split(" ")) styles.set(word, "keyword");
  const styleOf = (word: string) => styles.get(fold ? word.toLowerCase() : word);
  return [
    [new RegExp(`${pattern.source}(?=\\s*\\()`), (word) => styleOf(word) ?? "function"],
    [pattern, (word) => styleOf(word) ?? null],
  ];
}

/** Return rules for the inside of a string: escapes and everything up to the closing pattern. */
export function inside(close: RegExp, plain: RegExp): readonly Rule[] {
  return [
    [/\\./, "string"],
    [close, "string", "^"],
    [plain, "string"],
  ];
}
