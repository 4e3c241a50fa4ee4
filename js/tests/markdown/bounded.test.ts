/** Text made to be slow is not: 8,000 characters of it, streamed, never hold the page for long. */
import { expect, test, vi } from "vitest";
import { Pace } from "../../src/markdown/pace.ts";
import { MarkdownStream } from "../../src/markdown/stream.ts";
import { duration } from "../support/cost.ts";

const LENGTH = 8_000;

test.each([
  "[",
  "](",
  "![",
  "[a](",
  "*",
  "*a ",
  "**a_ ",
  "_a*",
  "`",
  "`a``",
  "~~",
  "<",
  "<a ",
  "<!--",
  "&",
  "$",
  "$a ",
  "\\(",
  "\\[a",
  "$$\n",
  "> ",
  ">",
  "- ",
  "  - a\n",
  "1. ",
  "|",
  "|-",
  "| a ",
  "a|b\n-|-\n",
  "[a]: b\n",
  "[a]:\n",
  "[a]\n\n",
  "\n",
  " \n",
  "\t",
  "#",
  "===\n",
  "a\n===\n",
  "```",
  "```\n",
  "~~~a\n",
  "http://a.",
  "a@b.",
  "www.",
  "\\",
  "é👋",
])("%j over and over", (piece) => {
  const text = piece.repeat(Math.ceil(LENGTH / piece.length));
  const root = document.createElement("div");
  const stream = new MarkdownStream(root, new Pace());
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  let worst = 0;
  const begun = performance.now();
  for (let at = 0; at < text.length; at += 40) {
    const before = performance.now();
    stream.append(text.slice(at, at + 40));
    vi.advanceTimersByTime(33);
    worst = Math.max(worst, performance.now() - before);
  }
  stream.end();
  vi.useRealTimers();
  const total = Math.round(performance.now() - begun);
  if (total > 500) console.info(`${JSON.stringify(piece)}: ${total} ms, worst piece ${Math.round(worst)} ms`);
  document.body.append(root);
  root.getBoundingClientRect(); // layout counts as well
  root.remove();
  expect(worst).toBeLessThan(2_000);
  expect(performance.now() - begun).toBeLessThan(20_000);
});

test.each([
  ["an opening fence that is none", (length: number) => `${"`".repeat(length)}x\``],
  ["a heading with a gap", (length: number) => `# a${" ".repeat(length)}b#`],
  ["a heading with many signs", (length: number) => `# a${"#".repeat(length)}b#`],
  ["a table's second line that is none", (length: number) => `a|b\n:-${" ".repeat(length)}x`],
])("%s of 400,000 characters is read in one go", async (_, make) => {
  const text = make(400_000);
  const read = () => new MarkdownStream(document.createElement("div"), new Pace()).set(text, true);
  expect(await duration(read, 500)).toBeLessThan(500);
});

test("what is nested deeper than anybody reads is shown flat, and what follows as ever", () => {
  const root = document.createElement("div");
  const stream = new MarkdownStream(root, new Pace());
  const deep = `${">".repeat(20_000)} quotes\n\n${"- ".repeat(5_000)}items\n\n${"*a _b ".repeat(2_000)}${"c_ d* ".repeat(2_000)}`;
  for (const piece of ["*fine*\n\nand\n\n", deep, "\n\n*more*"]) stream.append(piece);
  stream.end();
  let depth = 0;
  for (const node of root.querySelectorAll("*")) {
    let up = 0;
    for (let each: Element | null = node; each && each !== root; each = each.parentElement) up++;
    depth = Math.max(depth, up);
  }
  expect(depth).toBeLessThan(120);
  expect(root.firstChild?.textContent).toBe("fine");
  expect(root.querySelector(".group p:last-child")?.textContent).toBe("more");
  expect(root.querySelectorAll("em").length).toBeGreaterThan(40);
});
