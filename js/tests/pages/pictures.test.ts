/** What the comparison of pictures catches, and what it lets pass. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { LIGHT, Site } from "../harness/site.ts";
import { type Averages, Darkroom, difference, differences } from "./pictures.ts";

let site: Site;
let page: Page;
let darkroom: Darkroom;
let before: Averages;

const look = async () => darkroom.develop(await page.screenshot({ fullPage: true, caret: "hide" }));

beforeAll(async () => {
  site = await Site.open(inject("harness"));
  page = await site.scene("branches", LIGHT);
  darkroom = new Darkroom(await site.browser.newPage());
  before = await look();
});
afterAll(() => site.close());

/** Look at the scene with one more rule in the view's styles. */
async function changed(rule: string): Promise<string> {
  const host = page.locator(".nbchat-thread");
  await host.evaluate((node, text) => {
    const style = document.createElement("style");
    style.textContent = text;
    node.shadowRoot?.append(style);
  }, rule);
  const now = await look();
  await host.evaluate((node) => node.shadowRoot?.lastElementChild?.remove());
  return difference(before, now);
}

describe("caught", () => {
  test.each([
    ["a control that moved by 4 px to the side", ".model { position: relative; left: -4px; }"],
    ["one that moved by 4 px down", ".send { position: relative; top: 4px; }"],
    ["a small button that is gone", ".message.assistant:last-child .action:last-child { visibility: hidden; }"],
    ["a larger one that is gone", ".send { visibility: hidden; }"],
    ["another colour of a ground", ".bubble { background: #f3e8ff !important; }"],
    ["another colour of small text", ".footer { color: #a31f6f !important; }"],
    ["bold where it was not", ".bubble { font-weight: 700; }"],
  ])("%s", async (_, rule) => {
    expect(await changed(rule)).toMatch(/blocks differ/);
  });

  test("another size", async () => {
    await page.setViewportSize({ width: 876, height: 900 });
    expect(difference(before, await look())).toMatch(/it is 880 x 904 pixels large, and was 864 x 904/);
    await page.setViewportSize({ width: LIGHT.width, height: 900 });
  });

  test("a scene of which nothing is kept", () => {
    expect(differences(null, { light: before })).toHaveLength(1);
    expect(differences({}, { light: before })).toHaveLength(1);
  });
});

describe("let pass", () => {
  test("the same again", async () => {
    expect(difference(before, await look())).toBe("");
  });

  test("one level of noise in every colour", () => {
    const noisy = before.levels.map((level, at) => level + (at % 3) - 1);
    expect(difference(before, { ...before, levels: noisy })).toBe("");
  });

  test("letters that are drawn a little heavier", async () => {
    expect(await changed(".nbchat { -webkit-text-stroke: 0.05px; }")).toBe("");
  });

  test("what was kept and found again", async () => {
    const darkroom = new Darkroom(await site.browser.newPage(), mkdtempSync(join(tmpdir(), "nbchat-pictures-")));
    await darkroom.keep("tested", { light: before, low: { width: 2, height: 1, levels: [1, 2, 3, 250, 251, 252] } });
    const found = await darkroom.find("tested", { light: before.width, low: 2 });
    expect(darkroom.kept).toEqual(["tested"]);
    darkroom.forget("tested");
    expect(darkroom.kept).toEqual([]);
    expect(found).toEqual({ light: before, low: { width: 2, height: 1, levels: [1, 2, 3, 250, 251, 252] } });
  });
});
