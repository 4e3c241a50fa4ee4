/** Rules that many languages share, and the choice of a word's style by word lists. */
import type { Rule, Style } from "./tokenizer.ts";

export const NUMBER: Rule = [
  /\b(?:0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|\d[\d_]*(?:\.[\d_]+)?(?:[eE][+-]?\d+)?)[a-zA-Z]{0,3}\b/,
  "number",
];
export const OPERATOR: Rule = [/[-+*/%=<>!&|^~?]+/, "operator"];
export const SPACE: Rule = [/\s+/, null];

/** Return a rule that styles whole words: those of the lists, and any other one by `call` if a bracket follows. */
export function words(keywords: string, builtins = "", pattern = /[A-Za-z_$][\w$]*/): readonly Rule[] {
  const styles = new Map<string, Style>();
  for (const word of keywords.split(" ")) styles.set(word, "keyword");
  for (const word of builtins.split(" ")) if (word) styles.set(word, "builtin");
  return [
    [new RegExp(`${pattern.source}(?=\\s*\\()`), (word) => styles.get(word) ?? "function"],
    [pattern, (word) => styles.get(word) ?? null],
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
