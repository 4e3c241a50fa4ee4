/** Python, R, SQL and shell: what people write in notebooks. */
import type { Language } from "./tokenizer.ts";
import { inside, NUMBER, OPERATOR, SPACE, words } from "./words.ts";

export const python: Language = {
  modes: {
    main: [
      [/#.*/, "comment"],
      [/[rbfuRBFU]{0,2}"""/, "string", "double3"],
      [/[rbfuRBFU]{0,2}'''/, "string", "single3"],
      [/[rbfuRBFU]{0,2}"(?:\\.|[^"\\])*"?/, "string"],
      [/[rbfuRBFU]{0,2}'(?:\\.|[^'\\])*'?/, "string"],
      [/@[A-Za-z_][\w.]*/, "attribute"],
      [/^\s*[%!][\w%!]+/, "builtin"],
      NUMBER,
      ...words(
        "and as assert async await break case class continue def del elif else except finally for from global if import in is lambda match nonlocal not or pass raise return try while with yield",
        "True False None self cls print len range int str float list dict set tuple bool type open zip map enumerate isinstance super sum min max sorted",
      ),
      OPERATOR,
      SPACE,
    ],
    double3: inside(/"""/, /[^"\\]+|"/),
    single3: inside(/'''/, /[^'\\]+|'/),
  },
};

export const r: Language = {
  modes: {
    main: [
      [/#.*/, "comment"],
      [/"/, "string", "double"],
      [/'/, "string", "single"],
      [/`[^`]*`/, null],
      NUMBER,
      ...words(
        "if else for while repeat function return next break in library require",
        "TRUE FALSE NULL NA NaN Inf T F c list",
        /[A-Za-z.][\w.]*/,
      ),
      [/<-|->|%[^%\s]*%|[-+*/=<>!&|^~:$@]+/, "operator"],
      SPACE,
    ],
    double: inside(/"/, /[^"\\]+/),
    single: inside(/'/, /[^'\\]+/),
  },
};

export const sql: Language = {
  flags: "i",
  modes: {
    main: [
      [/--.*|#.*/, "comment"],
      [/\/\*/, "comment", "comment"],
      [/'/, "string", "string"],
      [/"[^"]*"|`[^`]*`/, null],
      NUMBER,
      ...sqlWords(),
      OPERATOR,
      SPACE,
    ],
    comment: [
      [/\*\//, "comment", "^"],
      [/[^*]+|\*/, "comment"],
    ],
    string: [
      [/''|[^']+/, "string"],
      [/'/, "string", "^"],
    ],
  },
};

function sqlWords(): Language["modes"][string] {
  const keywords =
    "select from where and or not in is null as on join left right inner outer full cross group by order having limit offset union all distinct insert into values update set delete create table view index drop alter add column primary key foreign references with recursive case when then else end between like ilike exists asc desc over partition begin commit rollback default check unique using explain returning";
  const types = "integer int bigint text varchar char numeric decimal real boolean date timestamp true false";
  const upper = words(`${keywords} ${keywords.toUpperCase()}`, `${types} ${types.toUpperCase()}`);
  return upper;
}

export const bash: Language = {
  modes: {
    main: [
      [/(?<=^|\s)#.*/, "comment"],
      [/^\s*\$\s/, "operator"],
      [/"/, "string", "double"],
      [/'/, "string", "single"],
      [/\$\{[^}]*\}?|\$[\w@#?*!$-]/, "attribute"],
      [/(?<=\s)--?[A-Za-z][\w-]*/, "attribute"],
      [/\\./, null],
      NUMBER,
      ...words(
        "if then else elif fi for while until do done case esac in function return local export select",
        "cd echo exit source set unset read test printf pip pip3 npm git curl python python3 sudo apt conda docker jupyter",
        /[A-Za-z_][\w-]*/,
      ),
      [/[|&;<>]+/, "operator"],
      SPACE,
    ],
    double: [
      [/\\./, "string"],
      [/\$\{[^}]*\}?|\$\w+/, "attribute"],
      [/"/, "string", "^"],
      [/[^"\\$]+|\$/, "string"],
    ],
    single: [
      [/'/, "string", "^"],
      [/[^']+/, "string"],
    ],
  },
};
