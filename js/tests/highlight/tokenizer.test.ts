/** The line tokenizer: nothing of the text is lost, strings and comments reach over lines, every language is known. */
import { describe, expect, test } from "vitest";
import { LANGUAGES, NAMES } from "../../src/highlight/languages.ts";
import { languages } from "../../src/highlight/more/languages.ts";
import { type LineState, START, type Style, tokenizerFor } from "../../src/highlight/tokenizer.ts";
import { duration } from "../support/cost.ts";

Object.assign(LANGUAGES, languages);

function styles(language: string, text: string): [string, Style | null][] {
  const tokenize = tokenizerFor(language);
  let state: LineState = START;
  const found: [string, Style | null][] = [];
  for (const line of text.split("\n")) {
    const result = (tokenize as NonNullable<typeof tokenize>)(line, state);
    expect(result.spans.map((span) => span.text).join("")).toBe(line);
    found.push(...result.spans.map((span) => [span.text, span.style] as [string, Style | null]));
    state = result.state;
  }
  return found;
}

/** The style of the first piece that contains `piece`. */
function styleOf(language: string, text: string, piece: string): Style | null | undefined {
  return styles(language, text).find(([part]) => part.includes(piece))?.[1];
}

describe("languages", () => {
  test.each([
    ["python", 'def f(x):\n  return "a" # note', "def", "keyword"],
    ["python", 'def f(x):\n  return "a" # note', "# note", "comment"],
    ["py", '"""doc\nstill doc\n"""\nx = 1', "still doc", "string"],
    ["py", '"""doc\nstill doc\n"""\nx = 1', "1", "number"],
    ["python", "@cache\ndef f(): ...", "@cache", "attribute"],
    ["python", "%timeit f(x)", "%timeit", "builtin"],
    ["ts", "const x = `a\nb c`; // d", "// d", "comment"],
    ["js", "/* one\n two */ let y", " two ", "comment"],
    ["js", "const re = /a[/]b/g.test(x)", "/a[/]b/g", "string"],
    ["jsx", "a / b / c", "/", "operator"],
    ["bash", 'echo "a $HOME b" # c', "$HOME", "attribute"],
    ["sh", "if [ -f x ]; then", "then", "keyword"],
    ["sql", "SELECT a FROM b -- c", "SELECT", "keyword"],
    ["sql", "select 'it''s' from t", "'it''s'", "string"],
    ["json", '{"a": "b", "n": -1.5e3}', '"a"', "attribute"],
    ["json", '{"a": "b", "n": -1.5e3}', "-1.5e3", "number"],
    ["yaml", "key: value # c\nother: 12", "key", "attribute"],
    ["toml", '[section]\nname = "x"', "[section]", "tag"],
    ["r", "x <- c(1, 2) # c", "<-", "operator"],
    ["html", "<a href='x'>t</a><!-- c\nd -->", "href", "attribute"],
    ["html", "<a href='x'>t</a><!-- c\nd -->", "d ", "comment"],
    ["css", ".a:hover { color: #fff; }", "color", "attribute"],
    ["diff", "+new\n-old\n same", "+new", "inserted"],
    ["md", "# Title\n\n```\ncode\n```", "code", "string"],
  ])("%s: %j has %j as %s", (language, text, piece, style) => {
    expect(styleOf(language, text, piece)).toBe(style);
  });

  test("unknown ones stay plain", () => {
    expect(tokenizerFor("brainfuck")).toBeUndefined();
    expect(tokenizerFor("__proto__")).toBeUndefined();
    expect(tokenizerFor("constructor")).toBeUndefined();
  });

  test("names are case-insensitive and lead to a language", () => {
    expect(tokenizerFor("Python")).toBe(tokenizerFor("py"));
    for (const name of Object.values(NAMES)) expect(LANGUAGES[name]).toBeDefined();
  });

  test("any line of any language comes back whole, in bounded time", async () => {
    const nasty = [
      '"'.repeat(500),
      "/*".repeat(400),
      "`${".repeat(300),
      "a.b(".repeat(300),
      "\\".repeat(700),
      "<a ".repeat(300),
      "#é👋\u0000",
    ];
    for (const name of Object.keys(LANGUAGES)) {
      const all = () => [...nasty, "x".repeat(100_000)].forEach((line) => void styles(name, line));
      expect(await duration(all, 2_000)).toBeLessThan(2_000);
    }
  });
});
