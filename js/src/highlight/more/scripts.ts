/** Ruby and Lua. */
import type { Language, Rule } from "../tokenizer.ts";
import { DOUBLE, HASH_COMMENT, NUMBER, OPERATOR, SINGLE, SPACE, words } from "../words.ts";

export const ruby: Language = {
  modes: {
    main: [
      [/^=begin\b.*/, "comment", "comment"],
      HASH_COMMENT,
      [/<<[~-]?(?:'[A-Z_]\w*'|"[A-Z_]\w*"|[A-Z_]\w*)/, "operator", (text) => `+heredoc=${/[A-Z_]\w*/.exec(text)?.[0]}`],
      DOUBLE,
      SINGLE,
      [/(?<![\w:]):[A-Za-z_]\w*[?!]?|[A-Za-z_]\w*:(?!:)/, "attribute"],
      [/@@?\w+|\$\w+/, "attribute"],
      [/(?<=[=(,~]\s*)\/(?:\\.|[^/\\])+\/[a-z]*/, "string"],
      NUMBER,
      ...words(
        "alias and begin break case class def defined? do else elsif end ensure for if in module next not or redo require require_relative rescue retry return self super then undef unless until when while yield attr_reader attr_writer attr_accessor include extend private public protected raise",
        "true false nil puts print p lambda proc",
        /[A-Za-z_]\w*[?!]?/,
      ),
      OPERATOR,
      SPACE,
    ],
    comment: [
      [/^=end\b.*/, "comment", "^"],
      [/.+/, "comment"],
    ],
    heredoc: (word) => [
      [new RegExp(`^\\s*${word}$`), "operator", "^"],
      [/.+/, "string"],
    ],
  },
};

export const lua: Language = {
  modes: {
    main: [
      [/--\[=*\[/, "comment", (text) => `comment=${text.slice(3, -1)}`],
      [/--.*/, "comment"],
      [/\[(?:\[|=+\[)/, "string", (text) => `long=${text.slice(1, -1)}`],
      DOUBLE,
      SINGLE,
      NUMBER,
      ...words(
        "and break do else elseif end for function goto if in local not or repeat return then until while",
        "true false nil self print pairs ipairs require type tostring tonumber table string math io os",
      ),
      OPERATOR,
      SPACE,
    ],
    comment: long("comment"),
    long: long("string"),
  },
};

function long(style: "comment" | "string") {
  return (word: string): readonly Rule[] => [
    [new RegExp(`\\]${word}\\]`), style, "^"],
    [/[^\]]+|\]/, style],
  ];
}
