/** The bundles stay small: each travels uncompressed, widget.js with every single view. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const out = mkdtempSync(join(tmpdir(), "nbchat-build-"));

beforeAll(() => {
  execFileSync(process.execPath, [join(import.meta.dirname, "../build.mjs"), "--out", out]);
}, 60_000);

afterAll(() => rmSync(out, { recursive: true }));

test.each([
  ["widget.js", 18_500],
  ["app.js", 150_000],
  ["extras.js", 120_000],
  ["math.js", 215_000],
])("%s is at most %i bytes", (name, most) => {
  expect(readFileSync(join(out, name)).length).toBeLessThanOrEqual(most);
});

test.each(["widget.js", "app.js", "extras.js", "math.js"])(
  "%s asks no other host for anything and evaluates no text",
  (name) => {
    const code = readFileSync(join(out, name), "utf8");
    const used = code.match(
      /(?<!\.)\bfetch\((?!\)\{)|XMLHttpRequest|sendBeacon|new WebSocket|EventSource|\beval\(|new Function|document\.write/g,
    );
    expect(used).toBeNull();
  },
);

test.each(["widget.js", "app.js"])("%s loads from a data: URL, with no page and no host around it", async (name) => {
  const code = readFileSync(join(out, name)).toString("base64");
  const module = await import(/* @vite-ignore */ `data:text/javascript;base64,${code}`);
  const made = typeof module.default === "function" ? module.default() : module.default;
  expect(Object.keys(made).sort()).toEqual(["initialize", "render"]);
});

test("no source of ours writes markup", () => {
  const folder = join(import.meta.dirname, "../src");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => /\.tsx?$/.test(file));
  expect(files.length).toBeGreaterThan(40);
  const markup =
    /\b(?:innerHTML|outerHTML|dangerouslySetInnerHTML|insertAdjacentHTML|createContextualFragment|setHTML\w*)\b\s*[=(:]/;
  expect(files.filter((file) => markup.test(readFileSync(join(folder, file), "utf8")))).toEqual([]);
});
