/** Python, with what IPython adds to it. */
import type { Language, Rule } from "./tokenizer.ts";
import { HASH_COMMENT, inside, MEMBER, NUMBER, OPERATOR, SPACE, words } from "./words.ts";

const CODE: readonly Rule[] = [
  HASH_COMMENT,
  [/(?:[fF][rR]?|[rR][fF])"""/, "string", "f3double"],
  [/(?:[fF][rR]?|[rR][fF])'''/, "string", "f3single"],
  [/(?:[fF][rR]?|[rR][fF])"/, "string", "fdouble"],
  [/(?:[fF][rR]?|[rR][fF])'/, "string", "fsingle"],
  [/(?:[rbuRBU]|[bB][rR]|[rR][bB])?"""/, "string", "double3"],
  [/(?:[rbuRBU]|[bB][rR]|[rR][bB])?'''/, "string", "single3"],
  [/(?:[rbuRBU]|[bB][rR]|[rR][bB])?"(?:\\.|[^"\\])*"?/, "string"],
  [/(?:[rbuRBU]|[bB][rR]|[rR][bB])?'(?:\\.|[^'\\])*'?/, "string"],
  NUMBER,
  ...MEMBER,
  [/(?<=\bclass )[A-Za-z_]\w*/, "function"],
  ...words(
    "and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield",
    "True False None self cls Ellipsis NotImplemented abs all any bool bytes callable chr dict dir divmod enumerate eval exec filter float format frozenset getattr hasattr hash help id input int isinstance issubclass iter len list map max min next object open ord pow print property range repr reversed round set setattr slice sorted staticmethod classmethod str sum super tuple type vars zip Exception BaseException ValueError TypeError KeyError IndexError RuntimeError StopIteration OSError AttributeError ImportError",
    /[A-Za-z_\u00aa-\uffff][\w\u00aa-\uffff]*/,
  ),
  OPERATOR,
  SPACE,
];

/** A field of a formatted string: an expression, how it is converted, how it is laid out. */
const FIELD: readonly Rule[] = [
  [/\}/, "operator", "^"],
  [/\{/, null, "field"],
  [/![rsa](?=[:}])/, "operator"],
  [/:[^{}"'\s()[\]]{0,40}(?=\})/, "string"],
  ...CODE,
];

function formatted(close: RegExp, plain: RegExp, field: string): readonly Rule[] {
  return [[/\{\{|\}\}/, "string"], [/\{/, "operator", field], ...inside(close, plain)];
}

export const python: Language = {
  modes: {
    main: [
      [/^\s*@[\w.]+/, "attribute"],
      [/^(?:>>>|\.\.\.)(?= |$)/, "operator"],
      [/^\s*%%?\w+/, "builtin"],
      [/(?<==\s)%\w+/, "builtin"],
      [/^\s*!!?|(?<==\s)!/, "builtin", "shell"],
      [/^\s*(?:match|case)\b(?=\s+\S.*:\s*(?:#.*)?$)/, "keyword"],
      [/^\s*type(?=\s+[A-Z]\w*\s*[[=])/, "keyword"],
      [/\?\??$/, "builtin"],
      ...CODE,
    ],
    double3: inside(/"""/, /[^"\\]+|"/),
    single3: inside(/'''/, /[^'\\]+|'/),
    f3double: formatted(/"""/, /[^"\\{}]+|["}]/, "field3"),
    f3single: formatted(/'''/, /[^'\\{}]+|['}]/, "field3"),
    fdouble: formatted(/"/, /[^"\\{}]+|\}/, "field"),
    fsingle: formatted(/'/, /[^'\\{}]+|\}/, "field"),
    field: FIELD,
    field3: FIELD,
    shell: [
      [/"[^"]*"?|'[^']*'?/, "string"],
      [/\$\w+|\{[^}]*\}?/, "attribute"],
      [/(?<=\s)--?[\w-]+/, "attribute"],
      [/[^\s"'${]+/, null],
      SPACE,
    ],
  },
  lines: ["fdouble", "fsingle", "field", "shell"],
};
