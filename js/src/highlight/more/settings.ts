/** YAML, TOML, INI, and the files that build things. */
import { bash } from "../bash.ts";
import type { Language, Rule } from "../tokenizer.ts";
import { DOUBLE, HASH_COMMENT, inside, SINGLE, SPACE } from "../words.ts";

const COMMENT: Rule = [/(?<=^|\s)#.*/, "comment"];
const CONSTANT: Rule = [/\b(?:true|false|null|yes|no|on|off|True|False|None|Null)\b|~/, "keyword"];
const VALUE: Rule = [/[-+]?\b\d[\d._:eExXa-fA-F+-]*(?![\w./$@-])/, "number"];

export const yaml: Language = {
  modes: {
    main: [
      COMMENT,
      [/^---|^\.\.\./, "operator"],
      [/^\s*-(?=\s|$)/, "operator"],
      [/[|>][-+\d]{0,2}(?=\s*(?:#.*)?$)/, "operator", (_, line) => `+block=${indentOf(line)}`],
      [/"(?:\\.|[^"\\])*"(?=\s*:(?:\s|$))|'(?:''|[^'])*'(?=\s*:(?:\s|$))/, "attribute"],
      [/[\w./$-]+(?: [\w./$-]+){0,8}(?=\s{0,20}:(?:\s|$))/, "attribute"],
      DOUBLE,
      [/'(?:''|[^'])*'?/, "string"],
      CONSTANT,
      [/[&*!][\w-]+|<<(?=:)/, "builtin"],
      VALUE,
      [/\$\{\{[^}]*\}\}/, "builtin"],
      [/[\w./$@-]+/, null],
      [/[[\]{},:?-]/, "operator"],
      SPACE,
    ],
    /** A text of lines that are indented more than the one that begins it. */
    block: (indent) => [
      [new RegExp(`^\\s{${Number(indent) + 1},}.*`), "string"],
      [/^(?=.)/, null, "^"],
      [/.+/, "string"],
    ],
  },
};

/** The column of the key whose text is a block: behind the dashes of a list, unless the item itself is the text. */
function indentOf(line: string): number {
  const column = /^\s*(?:-\s+)*/.exec(line)?.[0].length ?? 0;
  return /[|>]/.test(line[column] ?? "") ? line.search(/\S/) : column;
}

export const toml: Language = {
  modes: {
    main: [
      HASH_COMMENT,
      [/^\s*\[\[?[^\]]+\]\]?/, "tag"],
      [/"""/, "string", "double3"],
      [/'''/, "string", "single3"],
      [/(?:"(?:\\.|[^"\\])*"|'[^']*'|[\w-]+)(?:\s{0,8}\.\s{0,8}(?:"[^"]*"|[\w-]+)){0,12}(?=\s{0,20}=)/, "attribute"],
      DOUBLE,
      SINGLE,
      [/\b(?:true|false|inf|nan)\b/, "keyword"],
      [/[-+]?\b\d[\d._:eExXTZ+-]*\w*/, "number"],
      [/[\w-]+/, null],
      SPACE,
    ],
    double3: inside(/"""/, /[^"\\]+|["\\]/),
    single3: [
      [/'''/, "string", "^"],
      [/[^']+|'/, "string"],
    ],
  },
};

export const ini: Language = {
  modes: {
    main: [
      [/^\s*[#;].*|\s[#;].*/, "comment"],
      [/^\s*\[[^\]]*\]?/, "tag"],
      [/^\s*(?:export\s+)?[^\s=:[\]][^=:]*?(?=\s*[=:])/, "attribute"],
      DOUBLE,
      SINGLE,
      [/\$\{[^}]*\}?|\$\w+|%\(\w+\)s/, "builtin"],
      CONSTANT,
      VALUE,
      [/[\w./-]+/, null],
      SPACE,
    ],
  },
};

const SHELL = bash.modes.main as readonly Rule[];

export const dockerfile: Language = {
  modes: {
    ...bash.modes,
    main: [
      [
        /^\s*(?:FROM|AS|RUN|CMD|LABEL|MAINTAINER|EXPOSE|ENV|ADD|COPY|ENTRYPOINT|VOLUME|USER|WORKDIR|ARG|ONBUILD|STOPSIGNAL|HEALTHCHECK|SHELL)\b/,
        "keyword",
      ],
      [/(?<=\s)AS(?=\s)/, "keyword"],
      ...SHELL,
    ],
  },
};

export const makefile: Language = {
  modes: {
    ...bash.modes,
    main: [
      HASH_COMMENT,
      [/^(?:-?include|ifn?def|ifn?eq|else|endif|define|endef|export|override|vpath)\b/, "keyword"],
      [/^[^\s:=#][^:=#]{0,200}:(?!=)/, "function"],
      [/^[\w.-]+(?=\s*[:?+!]?=)/, "attribute"],
      [/\$\([^)]*\)?|\$\{[^}]*\}?|\$[@<^*?%$\w]/, "attribute"],
      ...SHELL,
    ],
  },
};
