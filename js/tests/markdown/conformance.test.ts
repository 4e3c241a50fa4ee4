/**
 * CommonMark's 652 examples and the 28 of GFM's extensions: streamed in whatever pieces, and against the specifications' HTML.
 *
 * tests/vectors/markdown/differences.json says which examples differ and why, and in which of them raw HTML or a picture is shown
 * inert; the rest of such an example is compared as well. What differs must be exactly what stands there.
 */
import { describe, expect, test } from "vitest";
import differences from "../../../tests/vectors/markdown/differences.json";
import {
  actual,
  COMMONMARK,
  drawn,
  type Example,
  expected,
  GFM,
  inert,
  once,
  random,
  streamed,
} from "./specification.ts";

test("there are 652 and 28 examples", () => {
  expect([COMMONMARK.length, GFM.length]).toEqual([652, 28]);
});

describe.each([
  ["commonmark", COMMONMARK, 620],
  ["gfm", GFM, 26],
] as const)("%s", (name, examples, least) => {
  test.each([
    ["one character at a time", () => () => 1],
    ["two characters at a time", () => () => 2],
    ["random pieces", (seed: number) => random(seed, 9)],
    ["larger random pieces", (seed: number) => random(seed + 7, 40)],
  ])("is the same in %s as at once", (_, sizes) => {
    const same = (example: Example) =>
      drawn(streamed(example.markdown, sizes(example.number))) === drawn(once(example.markdown));
    expect(examples.filter((example) => !same(example))).toEqual([]);
  });

  test("is what the specification says, but for what is listed", () => {
    const wrong = examples.filter((example) => actual(once(example.markdown)) !== expected(example.html));
    expect(wrong.map((example) => String(example.number))).toEqual(Object.keys(differences[name]));
    expect(examples.length - wrong.length).toBeGreaterThanOrEqual(least);
  });

  test("shows raw HTML and pictures inert where it is listed", () => {
    const found: Record<string, number[]> = {};
    for (const example of examples) {
      const what = inert(once(example.markdown));
      if (!what) continue;
      found[what] ??= [];
      found[what].push(example.number);
    }
    expect(found).toEqual(differences.inert[name]);
  });
});
