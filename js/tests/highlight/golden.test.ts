/// <reference types="vite/types/importMeta.d.ts" />
/**
 * What each language looks like: the files in `golden` hold a snippet with its styled pieces marked as «text¦style». Without the
 * marks it is the source, which is coloured line by line and compared.
 */
import { describe, expect, test } from "vitest";
import { LANGUAGES } from "../../src/highlight/languages.ts";
import { languages } from "../../src/highlight/more/languages.ts";
import { tokenizerFor } from "../../src/highlight/tokenizer.ts";

const files = import.meta.glob<string>("./golden/*.txt", { query: "?raw", import: "default", eager: true });
Object.assign(LANGUAGES, languages);

const MARK = /«([^¦]*)¦\w+»/g;

function coloured(language: string, source: string): string {
  let state = "";
  const lines = source.split("\n").map((line) => {
    const { spans, state: after } = tokenizerFor(language)?.(line, state) ?? { spans: [], state };
    state = after;
    return spans.map(({ text, style }) => (style && text.trim() ? `«${text}¦${style}»` : text)).join("");
  });
  return lines.join("\n");
}

describe("colours", () => {
  const all = Object.entries(files).map(([path, text]) => [/(\w+)\.txt$/.exec(path)?.[1] ?? "", text] as const);

  test("are there for every language that must be", () => {
    const wanted =
      "bash c cpp css diff dockerfile go html java javascript json julia latex markdown python r rust sql toml yaml";
    for (const name of wanted.split(" ")) expect(all.map(([language]) => language)).toContain(name);
  });

  test.each(all)("%s", (language, marked) => {
    expect(coloured(language, marked.replace(MARK, "$1"))).toBe(marked);
  });
});
