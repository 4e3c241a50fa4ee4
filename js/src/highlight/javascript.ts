/** JavaScript and TypeScript, and JSON. */
import type { Language, Rule } from "./tokenizer.ts";
import { COMMENT, DOUBLE, LINE_COMMENT, NUMBER, OPEN_COMMENT, OPERATOR, SINGLE, SPACE, words } from "./words.ts";

const NAME = /[A-Za-z_$][\w$]*/;

const CODE: readonly Rule[] = [
  LINE_COMMENT,
  OPEN_COMMENT,
  DOUBLE,
  SINGLE,
  [/`/, "string", "template"],
  [/@[A-Za-z_][\w.]*/, "attribute"],
  [/(?<=[=(,:[!&|?{};]\s*|^\s*|return\s)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\]){0,100}\]|[^/\\[]){1,300}\/[a-z]*/, "string"],
  NUMBER,
  [/(?<=\.)[A-Za-z_$][\w$]*(?=\s*\()/, "function"],
  [/(?<=\.)[A-Za-z_$#][\w$]*/, null],
  [/(?:type|as|from|of|get|set|is|async|declare|abstract|readonly|static|namespace|module)(?=\s*[:,)}=;?])/, null],
  ...words(
    "abstract as asserts async await break case catch class const continue debugger declare default delete do else enum export extends finally for from function get if implements import in infer instanceof interface is keyof let module namespace new of override private protected public readonly return satisfies set static super switch this throw try type typeof using var void while with yield",
    "true false null undefined NaN Infinity string number boolean any unknown never object symbol bigint console Math JSON Array Object Promise Map Set WeakMap WeakSet Error String Number Boolean Date RegExp Symbol Record Partial Readonly window document globalThis process",
    NAME,
  ),
  OPERATOR,
  SPACE,
];

/** Code within braces, up to the one that closes. */
const BRACES: readonly Rule[] = [[/\{/, null, "braces"], ...CODE];

export const javascript: Language = {
  modes: {
    main: CODE,
    comment: COMMENT,
    template: [
      [/\\./, "string"],
      [/\$\{/, "operator", "hole"],
      [/`/, "string", "^"],
      [/[^`\\$]+|[\\$]/, "string"],
    ],
    hole: [[/\}/, "operator", "^"], ...BRACES],
    braces: [[/\}/, null, "^"], ...BRACES],
  },
};

export const json: Language = {
  modes: {
    main: [
      LINE_COMMENT,
      OPEN_COMMENT,
      [/"(?:\\.|[^"\\])*"(?=\s*:)/, "attribute"],
      DOUBLE,
      [/\b(?:true|false|null|NaN|Infinity)\b/, "keyword"],
      [/-?\d[\d.eE+-]*/, "number"],
      SPACE,
    ],
    comment: COMMENT,
  },
};
