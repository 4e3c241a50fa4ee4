/** One giant block costs what its length costs: what is finished of it is left alone, and so is what the reader selected. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Pace } from "../../src/markdown/pace.ts";
import { MarkdownStream } from "../../src/markdown/stream.ts";
import { growth } from "../support/cost.ts";
import { drawn, once } from "./specification.ts";

type Row = (n: number) => string;

const link = (n: number) => `[words](https://example.org/${n})`;

/** Blocks with a link in each row. */
const LINKED: [string, Row][] = [
  ["list", (n) => `- item ${n} with **bold** and ${link(n)}\n`],
  ["loose list", (n) => `- item ${n} with **bold**\n\n  and ${link(n)}\n\n`],
  ["nested list", (n) => `${"  ".repeat(n % 4)}- item ${n} with **bold** and ${link(n)}\n`],
  ["list of tasks", (n) => `${n + 1}. [${n % 2 ? "x" : " "}] task ${link(n)} *to do*\n`],
  ["table", (n) => (n === 0 ? "| a | b |\n|---|---|\n" : `| ${n} | **x** and ${link(n)} |\n`)],
  ["paragraph", (n) => `words with *emphasis*, ${link(n)} and more. `],
  ["paragraph with a lone backtick", (n) => `${n ? "" : "a ` tick and "}words and ${link(n)}. `],
  ["paragraph with a lone bracket", (n) => `${n ? "" : "a [ bracket and "}words and ${link(n)}. `],
  ["paragraph with a lone star", (n) => `${n ? "" : "a *star and "}words and ${link(n)}. `],
  ["paragraph with prices", (n) => `${link(n)} cost $5 and *more* of it. `],
  ["paragraph of lines", (n) => `words ${n} with *emphasis* and ${link(n)}\n`],
  ["quote", (n) => `> words ${n} with *emphasis* and ${link(n)}\n${n % 3 ? "" : ">\n"}`],
  ["quoted list", (n) => `> - item ${n} with ${link(n)}\n`],
];

const VERBATIM: [string, Row][] = [
  ["code block", (n) => (n === 0 ? "```python\n" : `x_${n} = call(${n}, "text")  # note\n`)],
  ["code block in a list", (n) => (n === 0 ? "- text\n\n  ```python\n" : `  x_${n} = call(${n})  # note\n`)],
  ["indented code block", (n) => `    x_${n} = call(${n})\n`],
  ["block of HTML", (n) => (n === 0 ? "<div>\n" : `<p>line ${n}</p>\n`)],
];

const GIANTS = [...LINKED, ...VERBATIM];

function text(row: Row, length: number): string {
  let whole = "";
  for (let n = 0; whole.length < length; n++) whole += row(n);
  return whole.slice(0, length);
}

function stream(
  whole: string,
  root = document.createElement("div"),
  each = () => {},
  leads = (href: string): string | null => href,
): HTMLElement {
  const growing = new MarkdownStream(root, new Pace(), leads);
  for (let at = 0; at < whole.length; at += 13) {
    growing.append(whole.slice(at, at + 13), false);
    each();
  }
  growing.end();
  return root;
}

describe.each(GIANTS)("a giant %s", (_, row) => {
  test("of 32 kB is what it is at once", () => {
    const whole = text(row, 32_000);
    expect(drawn(stream(whole))).toBe(drawn(once(whole)));
  });

  test("is touched at its end alone", () => {
    const root = document.createElement("div");
    const observer = new MutationObserver(() => {});
    observer.observe(root, { subtree: true, childList: true, characterData: true, attributes: true });
    let most = 0;
    stream(text(row, 32_000), root, () => {
      most = Math.max(most, observer.takeRecords().length);
    });
    observer.disconnect();
    expect(most).toBeLessThan(150);
  });
});

describe.each(LINKED)("a giant %s", (_, row) => {
  test("is read at its end alone", () => {
    const asked = (length: number) => {
      let times = 0;
      stream(text(row, length), undefined, undefined, (href) => {
        times++;
        return href;
      });
      return times;
    };
    expect(asked(32_000) / asked(8_000)).toBeLessThan(5); // 4 if linear, 16 if quadratic
  });
});

describe.each(GIANTS.filter(([name]) => !name.startsWith("paragraph")))("a giant %s", (_, row) => {
  test("costs in proportion to its length", async () => {
    expect(await growth((length) => void stream(text(row, length)), 8_000)).toBeLessThan(2.5);
  });
});

describe("what the reader selected", () => {
  let host: HTMLElement;

  beforeEach(() => {
    host = document.createElement("div");
    document.body.append(host);
  });

  afterEach(() => host.remove());

  function select(from: Node, start: number, to: Node, end: number): Selection {
    const selection = document.getSelection() as Selection;
    selection.setBaseAndExtent(from, start, to, end);
    return selection;
  }

  /** The first text node that contains `words`, and where. */
  function find(words: string): [Text, number] {
    const walker = document.createTreeWalker(host, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const at = (node as Text).data.indexOf(words);
      if (at >= 0) return [node as Text, at];
    }
    throw new Error(`no ${words}`);
  }

  test.each([
    ["a paragraph", "Some words of **it** first", " and *more* words of it. ".repeat(60)],
    ["a paragraph of lines", "Some words of it first", "\nand *more* words of it.".repeat(60)],
    ["a tight list", "- Some words of it\n- first", "\n- and *more* words".repeat(60)],
    ["a list that becomes loose", "- Some words of it\n- first", "\n\n- and *more* words\n\n  of it".repeat(60)],
    ["a table", "| a | b |\n|---|---|\n| Some words of it | first |", "\n| and | *more* |".repeat(60)],
    ["code", "```python\nSome words of it\nfirst", "\nand = more".repeat(60)],
    ["a quote", "> Some words of it\n>\n> first", "\n> and *more*".repeat(60)],
    ["a finished block", "Some words of it\n\nfirst", " and more\n\n- list\n\n```\ncode\n```\n".repeat(20)],
    ["a heading", "# Some words of it first", "\n\nand more".repeat(20)],
  ])("in %s stays selected while it grows", (_, begin, more) => {
    const growing = new MarkdownStream(host, new Pace());
    growing.append(begin, false);
    const selection = select(...find("words of"), ...find("first"));
    const selected = selection.toString();
    expect(selected.length).toBeGreaterThan(8);
    for (let at = 0; at < more.length; at += 7) {
      growing.append(more.slice(at, at + 7), false);
      expect(selection.toString()).toBe(selected);
    }
    growing.end();
    expect(selection.toString()).toBe(selected);
  });

  test("up to the very end grows neither nor shrinks when emphasis closes behind it", () => {
    const growing = new MarkdownStream(host, new Pace());
    growing.append("plain words and **bold", false);
    const selection = select(...find("words"), find("words")[0], 11);
    growing.append("** then more", false);
    expect(host.querySelector("strong")?.textContent).toBe("bold");
    expect(selection.toString()).toBe("words");
  });
});
