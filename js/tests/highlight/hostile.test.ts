/** No line of any language takes long: each mode of each language on text that is made to be read again and again. */
import { describe, expect, test } from "vitest";
import { LANGUAGES } from "../../src/highlight/languages.ts";
import { languages } from "../../src/highlight/more/languages.ts";
import { type Rule, START, tokenizerFor } from "../../src/highlight/tokenizer.ts";
import { duration, growth } from "../support/cost.ts";

Object.assign(LANGUAGES, languages);
const names = Object.keys(LANGUAGES).sort();

/** Characters that mean something somewhere; all pairs of them, over and over, make the lines. */
const CHARACTERS = [..."\"'`#/*<>{}()[]$%@!:=.-\\ a1"];
const LENGTH = 1_990;
/** What one line may take: a few milliseconds are usual. */
const MOST = 60;

const LINES = [
  ...CHARACTERS.flatMap((first) => CHARACTERS.map((second) => first + second)),
  ...[
    '"\\',
    "a ",
    "a:",
    "a: ",
    "a =",
    "/a",
    "=/",
    "=/[",
    "${",
    "#=",
    'R"(',
    "<<A ",
    "'a",
    "a.b",
    "a(",
    "::",
    "- ",
    "a - b: ",
  ],
].map((piece) => piece.repeat(Math.ceil(LENGTH / piece.length)).slice(0, LENGTH));

describe("bounded", () => {
  test.each(names)("%s", async (name) => {
    const tokenize = tokenizerFor(name) as NonNullable<ReturnType<typeof tokenizerFor>>;
    const states = [START, ...Object.keys(LANGUAGES[name]?.modes ?? {}).map((mode) => `${mode}=x`)];
    let worst = 0;
    for (const line of LINES) {
      let state = START;
      const run = () => {
        const result = tokenize(line, START);
        state = result.state;
        expect(result.spans.map((span) => span.text).join("")).toBe(line);
      };
      const took = await duration(run, MOST / 4);
      expect(took, `${name}: ${line.slice(0, 20)}`).toBeLessThan(MOST);
      worst = Math.max(worst, took);
      expect(state.split(",").length).toBeLessThan(30);
    }
    for (const state of states)
      for (const line of LINES.slice(0, 60))
        expect(await duration(() => void tokenize(line, state), MOST)).toBeLessThan(10 * MOST);
    if (worst > 20) console.info(`${name}: at most ${worst.toFixed(1)} ms a line`);
  });

  test.each(names)("%s has no groups that capture, and knows the modes that it enters", (name) => {
    const { modes, lines = [] } = LANGUAGES[name] as (typeof LANGUAGES)[string];
    const known = Object.keys(modes);
    for (const line of lines) expect(known).toContain(line);
    for (const mode of Object.values(modes)) {
      const rules: readonly Rule[] = typeof mode === "function" ? mode("1") : mode;
      for (const [pattern, , next] of rules) {
        expect(new RegExp(`${pattern.source}|`).exec("")?.length, pattern.source).toBe(1);
        expect(pattern.flags, pattern.source).toBe("");
        if (typeof next === "string" && !next.startsWith("^")) expect(known).toContain(next.replace("+", ""));
      }
    }
  });

  test("a line of 100,000 characters stays plain, and the lines after it go on", () => {
    const tokenize = tokenizerFor("python") as NonNullable<ReturnType<typeof tokenizerFor>>;
    const { state } = tokenize('x = """', START);
    const long = tokenize("y".repeat(100_000), state);
    expect(long.spans.length).toBe(1);
    expect(tokenize('z"""', long.state).spans[0]?.style).toBe("string");
  });

  test.each(names)("%s takes time in proportion to the text", async (name) => {
    const tokenize = tokenizerFor(name) as NonNullable<ReturnType<typeof tokenizerFor>>;
    const snippet = ['a = f(1, "x")  # note', "if (a > 1) { b: 'c' }", "/* d */ return [1, 2];", "<p>text</p>"];
    const run = (lines: number) => {
      let state = START;
      for (let n = 0; n < lines; n++) state = tokenize(snippet[n % 4] as string, state).state;
    };
    expect(await growth(run, 400)).toBeLessThan(2.25); // 8 kB, and 32
  });
});
