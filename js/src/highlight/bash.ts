/** Shells: variables, substitutions, here-documents. */
import type { Language, Rule } from "./tokenizer.ts";
import { NUMBER, SPACE, words } from "./words.ts";

const VARIABLE: readonly Rule[] = [
  [/\$\(/, "operator", "substitution"],
  [/\$\{[^}]*\}?|\$(?:\w+|[@#?*!$-])/, "attribute"],
];

const CODE: readonly Rule[] = [
  [/(?<=^|\s)#.*/, "comment"],
  [
    /(?<![\w)<])<<-?\s*(?:'[A-Za-z_]\w*'|"[A-Za-z_]\w*"|\\?[A-Za-z_]\w*)/,
    "operator",
    (text) => `+heredoc=${/[A-Za-z_]\w*/.exec(text)?.[0]}`,
  ],
  [/"/, "string", "double"],
  [/\$?'/, "string", "single"],
  ...VARIABLE,
  [/(?<=\s)--?[A-Za-z][\w-]*/, "attribute"],
  [/\\./, null],
  [/[A-Za-z_]\w*(?=\+?=)/, "attribute"],
  [/[A-Za-z_][\w-]*(?=\s{0,8}\(\))/, "function"],
  NUMBER,
  ...words(
    "if then else elif fi for while until do done case esac in function return local export select break continue readonly declare",
    "cd echo exit source set unset read test printf eval exec trap shift alias mkdir rm cp mv ls cat grep sed awk find sort head tail xargs chmod tar ssh pip pip3 npm npx node git curl wget python python3 sudo apt apt-get brew conda mamba uv docker jupyter make",
    /[A-Za-z_][\w-]*/,
  ),
  [/[|&;<>!=]+/, "operator"],
  SPACE,
];

export const bash: Language = {
  modes: {
    main: [[/^\s*[$%]\s(?=\S)/, "operator"], ...CODE],
    substitution: [[/\)/, "operator", "^"], [/\(/, "operator", "substitution"], ...CODE],
    double: [[/\\./, "string"], ...VARIABLE, [/"/, "string", "^"], [/[^"\\$]+|[\\$]/, "string"]],
    single: [
      [/'/, "string", "^"],
      [/[^']+/, "string"],
    ],
    heredoc: (word) => [
      [new RegExp(`^\\t*${word}$`), "operator", "^"],
      [/\$\{[^}]*\}?|\$\w+/, "attribute"],
      [/[^$]+|\$/, "string"],
    ],
  },
};
