/** HTML and XML, YAML (with TOML and INI), Markdown, diffs. */
import type { Language } from "./tokenizer.ts";
import { SPACE } from "./words.ts";

export const html: Language = {
  modes: {
    main: [
      [/<!--/, "comment", "comment"],
      [/<!\w[^>]*>?/, "comment"],
      [/<\/?[\w:-]+/, "tag", "tag"],
      [/&[\w#]+;/, "number"],
      [/[^<&]+/, null],
    ],
    tag: [[/\/?>/, "tag", "^"], [/"/, "string", "double"], [/'[^']*'?/, "string"], [/[\w:@.-]+/, "attribute"], SPACE],
    double: [
      [/"/, "string", "^"],
      [/[^"]+/, "string"],
    ],
    comment: [
      [/-->/, "comment", "^"],
      [/[^-]+|-/, "comment"],
    ],
  },
};

export const yaml: Language = {
  modes: {
    main: [
      [/(?<=^|\s)[#;].*/, "comment"],
      [/^---|^\.\.\./, "operator"],
      [/^\s*\[\[?[^\]"']+\]\]?\s*$/, "tag"],
      [/"(?:\\.|[^"\\])*"(?=\s*[:=])|[\w./-]+(?=\s*(?::(?:\s|$)|=))/, "attribute"],
      [/"(?:\\.|[^"\\])*"?|'(?:''|[^'])*'?/, "string"],
      [/\b(?:true|false|null|yes|no|on|off)\b|~/, "keyword"],
      [/[&*!][\w-]+/, "builtin"],
      [/-?\b\d[\d._:eE+-]*\b/, "number"],
      [/[A-Za-z_][\w./-]*/, null],
      SPACE,
    ],
  },
};

export const markdown: Language = {
  modes: {
    main: [
      [/^ {0,3}(?:```|~~~).*/, "builtin", "fence"],
      [/^#{1,6}\s.*/, "keyword"],
      [/^\s*(?:[-*+]|\d+[.)])\s/, "operator"],
      [/^\s*>.*/, "comment"],
      [/`[^`]+`/, "string"],
      [/\*\*[^*]+\*\*|__[^_]+__/, "strong"],
      [/!?\[[^\]]*\]\([^)]*\)/, "attribute"],
      [/[\w\s]+/, null],
    ],
    fence: [
      [/^ {0,3}(?:```|~~~)\s*$/, "builtin", "^"],
      [/.+/, "string"],
    ],
  },
};

export const diff: Language = {
  modes: {
    main: [
      [/^(?:\+\+\+|---|diff |index |new file|deleted file|rename |similarity ).*/, "comment"],
      [/^@@.*/, "attribute"],
      [/^\+.*/, "inserted"],
      [/^-.*/, "deleted"],
      [/.+/, null],
    ],
  },
};
