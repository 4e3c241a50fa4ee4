/** Text made to be slow is not: 8,000 characters of it, streamed, never hold the page for long. */
import { expect, test, vi } from "vitest";
import { Pace } from "../../src/markdown/pace.ts";
import { MarkdownStream } from "../../src/markdown/stream.ts";

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
  const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
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
  warned.mockRestore();
  document.body.append(root);
  root.getBoundingClientRect(); // layout counts as well
  root.remove();
  expect(worst).toBeLessThan(2_000);
  expect(performance.now() - begun).toBeLessThan(20_000);
});

test("what cannot be read as Markdown is shown as it is, and so is what follows", () => {
  const root = document.createElement("div");
  const stream = new MarkdownStream(root, new Pace());
  const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
  for (const piece of ["*fine*\n\nand\n\n", `${">".repeat(20_000)} deep`, "\n\n*more*"]) stream.append(piece);
  stream.end();
  expect(warned).toHaveBeenCalledOnce();
  warned.mockRestore();
  expect(root.firstChild?.textContent).toBe("fine");
  expect(root.textContent?.endsWith("> deep\n\n*more*")).toBe(true);
});
