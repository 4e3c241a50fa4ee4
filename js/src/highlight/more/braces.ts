/** The languages with braces that descend from C. */
import type { Language, Rule } from "../tokenizer.ts";
import {
  COMMENT,
  DOUBLE,
  HASH_COMMENT,
  inside,
  LINE_COMMENT,
  MEMBER,
  NESTED_COMMENT,
  NUMBER,
  OPEN_COMMENT,
  OPERATOR,
  SINGLE,
  SPACE,
  TYPE,
  words,
} from "../words.ts";

const CHARACTER: Rule = [/'(?:\\.[^']{0,8}|[^'\\])'/, "string"];
const ANNOTATION: Rule = [/@[A-Za-z_][\w.]*/, "attribute"];
const TRIPLE: Rule = [/"""/, "string", "triple"];
const triple = inside(/"""/, /[^"\\]+|"/);

interface Dialect {
  keywords: string;
  builtins: string;
  /** What is looked for before strings and words. */
  first?: readonly Rule[];
  /** Names that begin large are types. */
  types?: boolean;
  nested?: boolean;
  modes?: Language["modes"];
  lines?: readonly string[];
}

function braces({
  keywords,
  builtins,
  first = [],
  types = true,
  nested = false,
  modes = {},
  lines = [],
}: Dialect): Language {
  const main: readonly Rule[] = [
    LINE_COMMENT,
    OPEN_COMMENT,
    ...first,
    DOUBLE,
    CHARACTER,
    NUMBER,
    ...MEMBER,
    ...words(keywords, builtins),
    OPERATOR,
    SPACE,
  ];
  const styled = types ? main.flatMap((rule) => (rule === NUMBER ? [rule, TYPE] : [rule])) : main;
  return { modes: { main: styled, comment: nested ? NESTED_COMMENT : COMMENT, ...modes }, lines };
}

const C_NUMBER: Rule = [
  /\b(?:0[xX][\da-fA-F']+|0[bB][01']+|\d[\d']*(?:\.\d*)?(?:[eE][+-]?\d+)?)[a-zA-Z]{0,3}(?![\w.])/,
  "number",
];
const PREPROCESSOR: readonly Rule[] = [
  [/^\s*#\s*include\b/, "attribute", "include"],
  [/^\s*#\s*[a-z]\w*/, "attribute"],
];
const INCLUDE: readonly Rule[] = [[/<[^>]*>|"[^"]*"/, "string"], LINE_COMMENT, SPACE];
const C_WORDS =
  "auto break case const continue default do else enum extern for goto if inline register restrict return sizeof static struct switch typedef union volatile while _Alignas _Atomic _Generic _Static_assert";
const C_TYPES =
  "bool char double float int long short signed unsigned void size_t ssize_t ptrdiff_t NULL true false FILE stdin stdout stderr int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t";

export const c = braces({
  keywords: C_WORDS,
  builtins: C_TYPES,
  types: false,
  first: [...PREPROCESSOR, C_NUMBER],
  modes: { include: INCLUDE },
  lines: ["include"],
});

export const cpp = braces({
  keywords: `${C_WORDS} alignas alignof and asm catch class co_await co_return co_yield concept consteval constexpr constinit const_cast decltype delete dynamic_cast explicit export final friend module mutable namespace new noexcept not operator or override private protected public reinterpret_cast requires static_assert static_cast template this thread_local throw try typeid typename using virtual __global__ __device__ __host__ __shared__`,
  builtins: `${C_TYPES} wchar_t char8_t char16_t char32_t nullptr std string vector map set pair tuple optional variant unique_ptr shared_ptr cout cerr cin endl`,
  types: false,
  first: [
    ...PREPROCESSOR,
    [/(?:u8|[uUL])?R"\w{0,16}\(/, "string", (text) => `raw=${/R"(\w*)/.exec(text)?.[1]}`],
    [/\[\[[\w:, ]+(?:\([^)]*\))?\]\]/, "attribute"],
    C_NUMBER,
  ],
  modes: {
    include: INCLUDE,
    raw: (word) => [
      [new RegExp(`\\)${word}"`), "string", "^"],
      [/[^)]+|\)/, "string"],
    ],
  },
  lines: ["include"],
});

export const java = braces({
  keywords:
    "abstract assert break case catch class const continue default do else enum extends final finally for goto if implements import instanceof interface native new non-sealed package permits private protected public record return sealed static strictfp super switch synchronized this throw throws transient try var volatile while yield",
  builtins: "boolean byte char double float int long short void true false null",
  first: [TRIPLE, ANNOTATION],
  modes: { triple },
});

export const csharp = braces({
  keywords:
    "abstract as async await base break case catch checked class const continue default delegate do else enum event explicit extern finally fixed for foreach get goto if implicit in init interface internal is lock namespace new operator out override params partial private protected public readonly record ref return sealed set sizeof stackalloc static struct switch this throw try typeof unchecked unsafe using var virtual void volatile when where while with yield",
  builtins:
    "bool byte char decimal double dynamic float int long object sbyte short string uint ulong ushort nint true false null",
  first: [
    [/^\s*#\s*\w+.*/, "attribute"],
    TRIPLE,
    [/\$?@\$?"/, "string", "verbatim"],
    [/\$"(?:\\.|[^"\\])*"?/, "string"],
  ],
  modes: {
    triple,
    verbatim: [
      [/""|[^"]+/, "string"],
      [/"/, "string", "^"],
    ],
  },
});

export const kotlin = braces({
  keywords:
    "abstract actual annotation as break by catch class companion const constructor continue crossinline data do else enum expect external final finally for fun get if import in infix init inline inner interface internal is lateinit noinline object open operator out override package private protected public reified return sealed set super suspend tailrec this throw try typealias val value var vararg when where while",
  builtins: "true false null println listOf mapOf setOf",
  first: [TRIPLE, ANNOTATION],
  nested: true,
  modes: { triple },
});

export const scala = braces({
  keywords:
    "abstract case catch class def do else enum export extends extension final finally for forSome given if implicit import inline lazy match new object opaque override package private protected return sealed super then this throw trait transparent try type using val var while with yield",
  builtins: "true false null println",
  first: [[/(?:[a-z]\w*)?"""/, "string", "triple"], [/[a-z]\w*"(?:\\.|[^"\\])*"?/, "string"], ANNOTATION],
  nested: true,
  modes: {
    triple: [
      [/"""/, "string", "^"],
      [/[^"]+|"/, "string"],
    ],
  },
});

export const swift = braces({
  keywords:
    "actor any as associatedtype async await break case catch class continue default defer deinit do else enum extension fallthrough fileprivate final for func get guard if import in indirect init inout internal is isolated lazy let mutating nonisolated open operator override precedencegroup private protocol public repeat required rethrows return self Self set some static struct subscript super switch throw throws try typealias unowned var weak where while",
  builtins: "true false nil print",
  first: [TRIPLE, [/#[A-Za-z]\w*/, "attribute"], ANNOTATION],
  nested: true,
  modes: { triple },
});

export const dart = braces({
  keywords:
    "abstract as assert async await base break case catch class const continue covariant default deferred do dynamic else enum export extends extension external factory final finally for get if implements import in interface is late library mixin new on operator part required rethrow return sealed set show static super switch sync this throw try typedef var void when while with yield",
  builtins: "bool double int num true false null print",
  first: [TRIPLE, [/r?'(?:\\.|[^'\\])*'?/, "string"], ANNOTATION],
  modes: { triple },
});

export const go = braces({
  keywords:
    "break case chan const continue default defer else fallthrough for func go goto if import interface map package range return select struct switch type var",
  builtins:
    "any bool byte comparable complex64 complex128 error float32 float64 int int8 int16 int32 int64 rune string uint uint8 uint16 uint32 uint64 uintptr true false nil iota append cap clear close complex copy delete imag len make max min new panic print println real recover",
  types: false,
  first: [[/`/, "string", "raw"]],
  modes: {
    raw: [
      [/`/, "string", "^"],
      [/[^`]+/, "string"],
    ],
  },
});

export const php = braces({
  keywords:
    "abstract and as break callable case catch class clone const continue declare default do echo else elseif empty enum extends final finally fn for foreach function global goto if implements include include_once instanceof insteadof interface isset list match namespace new or print private protected public readonly require require_once return static switch this throw trait try unset use var while xor yield",
  builtins: "array bool float int iterable mixed never null object self string void true false TRUE FALSE NULL",
  first: [[/<\?php\b|<\?=|\?>/, "tag"], HASH_COMMENT, [/\$\w+/, "attribute"], SINGLE],
});

const RUST_STRING = inside(/"/, /[^"\\]+|\\/);

export const rust = braces({
  keywords:
    "as async await break const continue crate dyn else enum extern fn for if impl in let loop macro_rules match mod move mut pub ref return self Self static struct super trait type union unsafe use where while yield",
  builtins: "bool char f32 f64 i8 i16 i32 i64 i128 isize str u8 u16 u32 u64 u128 usize true false Some None Ok Err",
  first: [
    [/#!?\[/, "attribute", "attribute"],
    [/(?:br|cr|r)#{0,16}"/, "string", (text) => `raw=${/#*/.exec(text.slice(text.indexOf("r") + 1))?.[0]}`],
    [/r#[A-Za-z_]\w*/, null],
    [/[bc]?"/, "string", "string"],
    [/b?'(?:\\(?:x[\da-fA-F]{2}|u\{[\da-fA-F_]{1,6}\}|.)|[^'\\])'/, "string"],
    [/'[A-Za-z_]\w*/, "attribute"],
    [/[a-z_]\w*!(?=\s?[({[])/, "function"],
  ],
  nested: true,
  modes: {
    string: RUST_STRING,
    raw: (word) => [
      [new RegExp(`"${word}`), "string", "^"],
      [/[^"]+|"/, "string"],
    ],
    attribute: [[/\]/, "attribute", "^"], [/\[/, "attribute", "attribute"], DOUBLE, [/[^\]["]+/, "attribute"]],
  },
});
