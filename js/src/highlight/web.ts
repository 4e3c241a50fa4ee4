/** JavaScript and TypeScript (and, well enough, the other languages with braces), JSON, CSS. */
import type { Language, Rule } from "./tokenizer.ts";
import { inside, NUMBER, OPERATOR, SPACE, words } from "./words.ts";

const COMMENT: readonly Rule[] = [
  [/\*\//, "comment", "^"],
  [/[^*]+|\*/, "comment"],
];

export const javascript: Language = {
  modes: {
    main: [
      [/\/\/.*/, "comment"],
      [/\/\*/, "comment", "comment"],
      [/^\s*#(?:include|define|ifn?def|endif|if|pragma|\[)\b.*/, "attribute"],
      [/"(?:\\.|[^"\\])*"?/, "string"],
      [/'(?:\\.|[^'\\])+'/, "string"],
      [/`/, "string", "template"],
      [/@[A-Za-z_][\w.]*/, "attribute"],
      [/(?<=[=(,:[!&|?{};]\s*|^\s*|return\s)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\[])+\/[a-z]*/, "string"],
      NUMBER,
      ...words(
        "abstract as async await break case catch class const continue debugger default delete do else enum export extends finally for from func fn function if implements import impl in instanceof interface let match mod mut namespace new of package private protected pub public readonly return static struct super switch this throw throws trait try type typeof use using val var virtual void while with yield",
        "true false null undefined NaN Infinity nil string number boolean any unknown never object int long float double char bool console Math JSON Array Object Promise Map Set Error String Number",
      ),
      OPERATOR,
      SPACE,
    ],
    comment: COMMENT,
    template: inside(/`/, /[^`\\]+/),
  },
};

export const json: Language = {
  modes: {
    main: [
      [/\/\/.*/, "comment"],
      [/"(?:\\.|[^"\\])*"(?=\s*:)/, "attribute"],
      [/"(?:\\.|[^"\\])*"?/, "string"],
      [/\b(?:true|false|null)\b/, "keyword"],
      [/-?\d[\d.eE+-]*/, "number"],
      SPACE,
    ],
  },
};

export const css: Language = {
  modes: {
    main: [
      [/\/\*/, "comment", "comment"],
      [/"(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?/, "string"],
      [/@[\w-]+/, "keyword"],
      [/--[\w-]+|[\w-]+(?=\s*:[^:])/, "attribute"],
      [/#[\da-fA-F]{3,8}\b|-?\d+(?:\.\d+)?(?:%|[a-z]+)?/, "number"],
      [/[.#][\w-]+|::?[\w-]+/, "tag"],
      [/[\w-]+(?=\()/, "function"],
      [/[\w-]+/, null],
      [/!important/, "keyword"],
      SPACE,
    ],
    comment: COMMENT,
  },
};
