/** R, Julia, MATLAB, SQL: what people compute with besides Python. */
import type { Language, Rule } from "../tokenizer.ts";
import { COMMENT, HASH_COMMENT, inside, NUMBER, OPEN_COMMENT, OPERATOR, SPACE, words } from "../words.ts";

export const r: Language = {
  modes: {
    main: [
      HASH_COMMENT,
      [/[rR]"-{0,8}\(/, "string", (text) => `raw=${/-*/.exec(text.slice(2))?.[0]}`],
      [/"/, "string", "double"],
      [/'/, "string", "single"],
      [/`[^`]*`/, null],
      [/\b(?:0[xX][\da-fA-F]+|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)[Li]?(?![\w.])|\.\d+(?:[eE][+-]?\d+)?/, "number"],
      ...words(
        "if else for while repeat function return next break in library require",
        "TRUE FALSE NULL NA NA_integer_ NA_real_ NA_character_ NaN Inf T F c list data.frame print cat paste paste0 length sum mean",
        /[A-Za-z.][\w.]*/,
      ),
      [/<<?-|->>?|\|>|\\(?=\()|%[^%\s]*%|[-+*/=<>!&|^~:$@?]+/, "operator"],
      SPACE,
    ],
    double: inside(/"/, /[^"\\]+|\\/),
    single: inside(/'/, /[^'\\]+|\\/),
    raw: (word) => [
      [new RegExp(`\\)${word}"`), "string", "^"],
      [/[^)]+|\)/, "string"],
    ],
  },
};

const JULIA_NAME = /[A-Za-z_\u00a1-\uffff][\w!\u00a1-\uffff]*/;

const JULIA: readonly Rule[] = [
  [/#=/, "comment", "comment"],
  HASH_COMMENT,
  [/raw"""/, "string", "raw3"],
  [/[A-Za-z_]\w*"""|"""/, "string", "triple"],
  [/raw"(?:\\"|[^"])*"?/, "string"],
  [/[A-Za-z_]\w*"(?:\\.|[^"\\])*"[a-z]*/, "string"],
  [/"/, "string", "string"],
  [/(?<![\w)\]}'.])'(?:\\.[^']{0,8}|[^'\\])'/, "string"],
  [/`[^`]*`?/, "string"],
  [/@[A-Za-z_]\w*(?:\.\w+)*/, "attribute"],
  [/(?<![\w)\]:]):[A-Za-z_]\w*/, "attribute"],
  [/::(?=[A-Z(])/, "operator"],
  NUMBER,
  [/[A-Z]\w*(?![\w(!.])/, "builtin"],
  ...words(
    "abstract baremodule begin break catch const continue do else elseif end export finally for function global if import in isa let local macro module mutable outer primitive public quote return struct try type using where while",
    "true false nothing missing Inf NaN pi im",
    JULIA_NAME,
  ),
  [/[-+*/\\%=<>!&|^~?:÷×≤≥≠∈∉⊆∪∩⋅]+|\.(?=[-+*/^=<>!])/, "operator"],
  SPACE,
];

export const julia: Language = {
  modes: {
    main: JULIA,
    comment: [
      [/=#/, "comment", "^"],
      [/#=/, "comment", "comment"],
      [/[^=#]+|[=#]/, "comment"],
    ],
    string: interpolated(/"/, /[^"\\$]+|[\\$]/),
    triple: interpolated(/"""/, /[^"\\$]+|["\\$]/),
    raw3: [
      [/"""/, "string", "^"],
      [/[^"]+|"/, "string"],
    ],
    hole: [[/\)/, "operator", "^"], [/\(/, null, "hole"], ...JULIA],
  },
};

function interpolated(close: RegExp, plain: RegExp): readonly Rule[] {
  return [[/\$\(/, "operator", "hole"], [/\$[A-Za-z_]\w*/, "attribute"], ...inside(close, plain)];
}

export const matlab: Language = {
  modes: {
    main: [
      [/^\s*%\{\s*$/, "comment", "comment"],
      [/[%#].*|\.\.\..*/, "comment"],
      [/(?<![\w)\]}.'])'(?:''|[^'])*'?/, "string"],
      [/"(?:""|[^"])*"?/, "string"],
      NUMBER,
      ...words(
        "break case catch classdef continue else elseif end endfor endfunction endif endwhile enumeration events for function global if methods otherwise parfor persistent properties return switch try until while",
        "true false pi inf Inf nan NaN eps disp fprintf sprintf zeros ones eye size numel length plot",
        /[A-Za-z]\w*/,
      ),
      OPERATOR,
      [/[@\\.']+/, "operator"],
      SPACE,
    ],
    comment: [
      [/^\s*%\}\s*$/, "comment", "^"],
      [/.+/, "comment"],
    ],
  },
};

export const sql: Language = {
  modes: {
    main: [
      [/--.*|#(?!>).*/, "comment"],
      OPEN_COMMENT,
      [/\$\w*\$/, "string", (text) => `dollar=${text.slice(1, -1)}`],
      [/[eEnNbBxX]?'/, "string", "string"],
      [/"[^"]*"|`[^`]*`/, null],
      [/@@?\w+|:[A-Za-z_]\w*|\$\d+|%\(\w+\)s/, "attribute"],
      NUMBER,
      ...words(
        "add all alter analyze and any array as asc begin between by case cast check collate column commit constraint create cross current database default delete desc describe distinct do drop else end except exists explain fetch filter first following for foreign from full function grant group having if ilike in index inner insert intersect interval into is join key language last lateral left like limit materialized merge natural not nulls of offset on only or order outer over partition preceding primary procedure qualify range recursive references rename replace returning returns right rollback row rows schema select set some table temp temporary then to top transaction trigger truncate unbounded union unique unnest update use using values view when where window with within without",
        "bigint binary blob bool boolean bytea char date datetime decimal double float int integer json jsonb numeric real serial smallint text time timestamp timestamptz tinyint uuid varchar true false null",
        /[A-Za-z_]\w*/,
        true,
      ),
      OPERATOR,
      SPACE,
    ],
    comment: COMMENT,
    string: [
      [/''|[^']+/, "string"],
      [/'/, "string", "^"],
    ],
    dollar: (word) => [
      [new RegExp(`\\$${word}\\$`), "string", "^"],
      [/[^$]+|\$/, "string"],
    ],
  },
};
