/** HTML and XML with what stands in them, CSS, Markdown, LaTeX, diffs. */
import { javascript } from "../javascript.ts";
import type { Language, Rule } from "../tokenizer.ts";
import { COMMENT, DOUBLE, OPEN_COMMENT, SINGLE, SPACE } from "../words.ts";

const STYLES: readonly Rule[] = [
  OPEN_COMMENT,
  [/(?<![\w:])\/\/.*/, "comment"],
  DOUBLE,
  SINGLE,
  [/url\([^)"']+\)?/, "string"],
  [/@[\w-]+/, "keyword"],
  [/\$[\w-]+/, "attribute"],
  [/--[\w-]+/, "attribute"],
  [/!\s*important\b/, "keyword"],
];

const BLOCK: readonly Rule[] = [
  [/\}/, null, "^"],
  [/\{/, null, "block"],
  ...STYLES,
  [/[\w-]{1,60}(?=\s{0,20}:[^:{]{0,200}(?:[;}]|$))/, "attribute"],
  [/#[\da-fA-F]{3,8}\b|[-+]?(?:\d+(?:\.\d+)?|\.\d+)(?:%|[a-z]+)?/, "number"],
  [/[\w-]+(?=\()/, "function"],
  [/[.#&][\w-]*|::?[\w-]+/, "tag"],
  [/[\w-]+/, null],
  SPACE,
];

export const css: Language = {
  modes: {
    main: [
      [/\{/, null, "block"],
      ...STYLES,
      [/[.#][\w-]+|::?[\w-]+/, "tag"],
      [/\[[^\]]*\]?/, "attribute"],
      [/[\w-]+(?=\()/, "function"],
      [/[A-Za-z-]+(?=\s?:\s)/, "attribute"],
      [/\d+(?:\.\d+)?(?:%|[a-z]+)?/, "number"],
      [/[\w-]+/, "tag"],
      SPACE,
    ],
    block: BLOCK,
    comment: COMMENT,
  },
};

const TAG: readonly Rule[] = [
  [/"/, "string", "double"],
  [/'/, "string", "single"],
  [/(?<==\s*)[^\s"'=<>`]+/, "string"],
  [/[\w:@.#-]+/, "attribute"],
  [/=/, "operator"],
  SPACE,
];

export const html: Language = {
  modes: {
    ...javascript.modes,
    block: BLOCK,
    comment: COMMENT,
    main: [
      [/<!--/, "comment", "remark"],
      [/<!\[CDATA\[/, "comment", "data"],
      [/<[!?]\w[^>]*>?/, "comment"],
      [/<script\b/, "tag", "opensscript"],
      [/<style\b/, "tag", "opensstyle"],
      [/<\/?[A-Za-z][\w:.-]*/, "tag", "tag"],
      [/&[\w#]{1,32};/, "number"],
      [/[^<&]+/, null],
    ],
    tag: [[/\/?>/, "tag", "^"], ...TAG],
    opensscript: [[/\/>/, "tag", "^"], [/>/, "tag", "script"], ...TAG],
    opensstyle: [[/\/>/, "tag", "^"], [/>/, "tag", "style"], ...TAG],
    script: [[/<\/script\s*>/, "tag", "^^"], ...(javascript.modes.main as readonly Rule[])],
    style: [[/<\/style\s*>/, "tag", "^^"], ...(css.modes.main as readonly Rule[])],
    double: [
      [/"/, "string", "^"],
      [/[^"]+/, "string"],
    ],
    single: [
      [/'/, "string", "^"],
      [/[^']+/, "string"],
    ],
    remark: [
      [/-->/, "comment", "^"],
      [/[^-]+|-/, "comment"],
    ],
    data: [
      [/\]\]>/, "comment", "^"],
      [/[^\]]+|\]/, "string"],
    ],
  },
};

export const markdown: Language = {
  modes: {
    main: [
      [/^\s*(?:`{3,}|~{3,}).*/, "builtin", (text) => `fence=${/[`~]+/.exec(text)?.[0]}`],
      [/^\s{0,3}#{1,6}\s.*/, "keyword"],
      [/^\s{0,3}(?:=+|-{2,})\s*$/, "keyword"],
      [/^\s*(?:[-*+]|\d+[.)])\s(?:\[[ xX]\]\s)?/, "operator"],
      [/^\s*>+/, "comment"],
      [/`[^`]+`/, "string"],
      [/\$\$?[^$\s](?:[^$]{0,400}[^$\s])?\$\$?/, "number"],
      [/\*\*[^*\s][^*]*\*\*|__[^_\s][^_]*__/, "strong"],
      [/!?\[[^\]]{0,300}\](?:\([^)]{0,300}\)|\[[^\]]{0,100}\])/, "attribute"],
      [/<\/?[a-z][^>]*>/, "tag"],
      [/https?:\/\/[^\s)>]+/, "attribute"],
      [/[\w\s]+/, null],
    ],
    fence: (word) => [
      [new RegExp(`^\\s*${word}${word[0]}*\\s*$`), "builtin", "^"],
      [/.+/, "string"],
    ],
  },
};

export const latex: Language = {
  modes: {
    main: [
      [/%.*/, "comment"],
      [/\\(?:begin|end)\b\*?(?=\{)/, "keyword", "environment"],
      [/\\(?:[A-Za-z@]+\*?|.)/, "function"],
      [/\$\$?|\\[()[\]]/, "operator"],
      [/[{}[\]&~^_]+/, "operator"],
      [/\d+(?:\.\d+)?(?:pt|em|ex|cm|mm|in)?\b/, "number"],
      [/[^\\%${}[\]&~^_\d]+/, null],
    ],
    environment: [[/\{[^}]*\}?/, "attribute", "^"], SPACE],
  },
  lines: ["environment"],
};

export const diff: Language = {
  modes: {
    main: [
      [/^(?:\+\+\+|---|diff |index |Index: |new file|deleted file|rename |similarity |Binary |\\ ).*/, "comment"],
      [/^@@.*/, "attribute"],
      [/^[+>].*/, "inserted"],
      [/^[-<].*/, "deleted"],
      [/.+/, null],
    ],
  },
};
