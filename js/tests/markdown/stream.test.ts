/** Streamed Markdown is the Markdown of the whole text, however it is cut into pieces. */
import { describe, expect, test, vi } from "vitest";
import { Pace } from "../../src/markdown/pace.ts";
import { MarkdownStream } from "../../src/markdown/stream.ts";
import { ANSWER, SHORT } from "../harness/texts.ts";
import { growth } from "../support/cost.ts";
import { CORPUS } from "./corpus.ts";
import { COMMONMARK, drawn, once, random, streamed } from "./specification.ts";

describe("streamed equals one shot", () => {
  test.each(CORPUS.map((text, at) => [at, text] as const))(
    "for answer %i, by 1, 2, 7, 64 and random characters",
    (_, text) => {
      const whole = drawn(once(text));
      for (const size of [() => 1, () => 2, () => 7, () => 64, random(text.length, 23)])
        expect(drawn(streamed(text, size))).toBe(whole);
    },
  );

  test("for every pair of specification examples after each other, cut at random", () => {
    const wrong: string[] = [];
    for (const [at, { markdown }] of COMMONMARK.entries()) {
      if (at % 3) continue;
      const text = `${markdown}\n${COMMONMARK[at + 1]?.markdown ?? ""}`;
      if (drawn(streamed(text, random(at, 5))) !== drawn(once(text))) wrong.push(text);
    }
    expect(wrong).toEqual([]);
  });
});

describe("finished blocks", () => {
  test("keep their nodes: a selection in them survives", () => {
    const root = document.createElement("div");
    const stream = new MarkdownStream(root);
    stream.append("# One\n\nfirst paragraph\n\nsecond");
    const [heading, first] = [root.children[0], root.children[1]];
    stream.append(" paragraph\n\n- a list\n- of two\n\nthe end");
    stream.end();
    expect(root.children[0]).toBe(heading);
    expect(root.children[1]).toBe(first);
    expect(root.children.length).toBe(5);
  });

  test("get their links when the definition comes last", () => {
    const root = once("See [the guide] and [it][the guide].\n\nMore text.\n\n[the guide]: https://example.org/guide");
    expect([...root.querySelectorAll("a")].map((a) => a.href)).toEqual(Array(2).fill("https://example.org/guide"));
  });

  test("set() with another beginning draws afresh", () => {
    const root = document.createElement("div");
    const stream = new MarkdownStream(root);
    stream.set("hello *world*", false);
    stream.set("other text", true);
    expect(root.textContent).toBe("other text");
  });
});

describe("code", () => {
  test("is one element per line, and finished lines keep theirs", () => {
    const root = document.createElement("div");
    const stream = new MarkdownStream(root);
    stream.append("```python\nx = 1\ny = ");
    const first = root.querySelector(".line");
    stream.append("2\n```\n\nafter");
    expect(root.querySelectorAll(".line").length).toBe(2);
    expect(root.querySelector(".line")).toBe(first);
    expect(root.querySelector("pre")?.textContent).toBe("x = 1\ny = 2\n");
    expect(root.querySelector(".lang")?.textContent).toBe("python");
  });

  test("grows in time linear in its lines", async () => {
    const grow = (lines: number) => {
      const stream = new MarkdownStream(document.createElement("div"), new Pace());
      stream.append("```python\n");
      for (let n = 0; n < lines; n++)
        for (const piece of ["total = ", "compute(", `${n}, "text")  # note\n`]) stream.append(piece);
    };
    expect(await growth(grow, 1_000)).toBeLessThan(2.5);
  });
});

describe("a long answer", () => {
  const blocks = [
    SHORT,
    "- a list\n- of **two**",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "```py\nx = f(1)\n```",
    "See [x] and `y`.",
  ];

  test("costs in proportion to its length", async () => {
    const grow = (count: number) => {
      const text = Array.from({ length: count }, (_, n) => blocks[n % blocks.length]).join("\n\n");
      const stream = new MarkdownStream(document.createElement("div"), new Pace());
      for (let at = 0; at < text.length; at += 13) stream.append(text.slice(at, at + 13));
      stream.end();
    };
    expect(await growth(grow, 200)).toBeLessThan(2.25);
  });

  test.each([
    ["list", (n: number) => `- item ${n} with **bold** and \`code\`\n`],
    ["table", (n: number) => (n === 0 ? "| a | b |\n|---|---|\n" : `| ${n} | **x** |\n`)],
    ["paragraph", (n: number) => `words ${n} with *emphasis* and more `],
  ])("of one huge %s is whole, and drawn with rests", (_, row) => {
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    const pace = new Pace();
    const text = Array.from({ length: 700 }, (_unused, n) => row(n)).join("");
    const root = document.createElement("div");
    const stream = new MarkdownStream(root, pace);
    const begun = performance.now();
    for (let at = 0; at < text.length; at += 13) {
      stream.append(text.slice(at, at + 13));
      vi.advanceTimersByTime(33);
    }
    const updates = text.length / 13;
    expect((performance.now() - begun) / updates).toBeLessThan(25); // milliseconds of work an update, of 33 that pass
    stream.end();
    vi.useRealTimers();
    expect(drawn(root)).toBe(drawn(once(text)));
  });

  test("two growing texts rest together: their views show the same at every moment", () => {
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    const clock = vi.spyOn(performance, "now");
    let now = 0;
    clock.mockImplementation(() => now++ * 10); // every drawing takes ten milliseconds
    const pace = new Pace();
    const roots = [document.createElement("div"), document.createElement("div")];
    const streams = roots.map((root) => new MarkdownStream(root, pace));
    const seen = new Set<string>();
    for (let n = 0; n < 100; n++) {
      for (const stream of streams) stream.append(`word ${n} `);
      expect(roots[0]?.textContent).toBe(roots[1]?.textContent);
      seen.add(roots[0]?.textContent ?? "");
      vi.advanceTimersByTime(33);
      expect(roots[0]?.textContent).toBe(roots[1]?.textContent);
    }
    vi.advanceTimersByTime(2_000);
    clock.mockRestore();
    vi.useRealTimers();
    expect(roots[0]?.textContent?.trim().endsWith("word 99")).toBe(true);
    expect(seen.size).toBeGreaterThan(5);
    expect(seen.size).toBeLessThan(50);
  });
});

describe("what is no Markdown stays as it was written", () => {
  test.each([
    [
      "inline math",
      "so $a_1 * b_2 * c$ and \\(x_i * y_i * z\\) hold",
      "so $a_1 * b_2 * c$ and \\(x_i * y_i * z\\) hold",
    ],
    ["math in its own lines", "$$\na_1 *b* c\n- d\n$$", "$$\na_1 *b* c\n- d\n$$"],
    ["math in brackets", "\\[\nE = mc^2 \\\\\n\\]", "\\[\nE = mc^2 \\\\\n\\]"],
    ["a price", "It costs $5, not $10.", "It costs $5, not $10."],
    ["raw HTML", "a <b onclick='x()'>b</b>", "a <b onclick='x()'>b</b>"],
    ["a block of HTML", "<script>alert(1)</script>", "<script>alert(1)</script>"],
  ])("%s", (_, text, shown) => {
    const root = once(text);
    expect(root.textContent).toBe(shown);
    expect(root.querySelector("em, ul, b, script")).toBeNull();
  });

  test("an answer with everything has no leftovers", () => {
    expect(once(ANSWER).querySelectorAll("table, .code, ol, ul, blockquote, hr, h2").length).toBe(8);
  });
});
