/** What people ask of their system, and how they meet a view without seeing it: motion, zoom, forced colours, live regions, IME. */
import type { Page } from "playwright";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import type { Message } from "../../src/wire/messages.ts";
import type { Snapshot } from "../../src/wire/protocol.ts";
import { FORCED, LIGHT, Site } from "../harness/site.ts";
import type { FakeModel } from "../support/model.ts";
import { findFaults } from "./faults.ts";

let site: Site;

beforeAll(async () => {
  site = await Site.open(inject("harness"));
});
afterAll(() => site.close());

const root = (page: Page) => page.locator(".nbchat-thread, .nbchat-live");

describe("motion", () => {
  const moving = (page: Page) =>
    root(page).evaluate(
      (host) => host.shadowRoot?.getAnimations().filter((each) => each.playState === "running").length,
    );

  test.each(["waiting", "loading", "streaming", "toolsrunning"])(
    "nothing moves where that is not wanted: %s",
    async (scene) => {
      const page = await site.scene(scene, LIGHT);
      expect(await moving(page)).toBe(0);
      await page.context().close();
    },
  );

  test("else something shows that work goes on", async () => {
    const page = await site.scene("waiting", { ...LIGHT, motion: true });
    expect(await moving(page)).toBeGreaterThan(0);
    await page.context().close();
  });
});

describe("zoom", () => {
  /** At 200 % a window has half the pixels; 320 x 256 is one of 1280 x 1024 at 400 % (WCAG 1.4.10). */
  test.each([
    [430, 450],
    [320, 256],
  ])("everything fits into %i x %i, and there is room to read", async (width, height) => {
    for (const scene of ["thread", "streaming", "error", "offers", "approval", "queueedit", "models"]) {
      const page = await site.scene(scene, { ...LIGHT, width, height });
      expect(await page.evaluate(findFaults), scene).toEqual([]);
      const [log] = await page.locator(".log:has(.message)").evaluateAll((all) => all.map((each) => each.clientHeight));
      expect(log ?? 100, scene).toBeGreaterThan(50); // a few lines, where there are any
      await page.context().close();
    }
  });
});

describe("forced colours", () => {
  test.each(["menu", "models"])("the row that is chosen looks other than the rest: %s", async (scene) => {
    const page = await site.scene(scene, FORCED);
    await page.keyboard.press("ArrowDown");
    const looks = await page.locator("[role=option]").evaluateAll((rows) =>
      rows.map((row) => {
        const { backgroundColor, outlineStyle, outlineWidth, borderColor } = getComputedStyle(row);
        return [backgroundColor, outlineStyle, outlineWidth, borderColor].join();
      }),
    );
    expect(looks.length).toBeGreaterThan(1);
    expect(new Set(looks).size).toBeGreaterThan(1);
    await page.context().close();
  });

  test("buttons are outlined or have an icon that is drawn", async () => {
    const page = await site.scene("branches", FORCED);
    const bare = await page.locator("button:visible").evaluateAll((buttons) =>
      buttons
        .filter((button) => {
          const { borderStyle, color, backgroundColor } = getComputedStyle(button);
          const icon = button.querySelector("svg");
          const drawn = icon !== null && icon.getBoundingClientRect().width > 0 && color !== backgroundColor;
          return borderStyle === "none" && !drawn && !button.textContent?.trim();
        })
        .map((button) => button.className),
    );
    expect(bare).toEqual([]);
    await page.context().close();
  });
});

test("a screen reader hears of a turn's beginning and end, and of nothing between", async () => {
  const page = await site.scene("streaming", LIGHT);
  const said = await page.evaluate(async () => {
    const { model } = globalThis as unknown as { model: FakeModel };
    const shadow = document.querySelector(".nbchat-thread")?.shadowRoot as ShadowRoot;
    const heard: string[] = [];
    const live = "[aria-live]:not([aria-live=off]), [role=status], [role=alert], [role=log]:not([aria-live=off])";
    const watch = new MutationObserver((changes) => {
      for (const { target } of changes) {
        const region = (target instanceof Element ? target : target.parentElement)?.closest(live);
        if (region) heard.push(region.textContent ?? "");
      }
    });
    watch.observe(shadow, { subtree: true, childList: true, characterData: true });
    for (let n = 0; n < 100; n++) {
      model.deliver({
        op: "append",
        generation: 1,
        after: 4 + n,
        seq: 5 + n,
        events: [{ type: "text-delta", text: `word ${n} ` }],
      });
      if (n % 10 === 9) await new Promise((next) => setTimeout(next, 30));
    }
    const until = async (isSo: () => unknown) => {
      while (!isSo()) await new Promise(requestAnimationFrame);
      await new Promise((next) => setTimeout(next, 200)); // and what else is said then
    };
    await until(() => shadow.textContent?.includes("word 99"));
    const between = heard.splice(0);
    const { messages } = model.values.snapshot as Snapshot;
    const message = { ...(messages.at(-1) as Message), status: "complete" as const, finish_reason: "stop" };
    model.deliver({
      op: "append",
      generation: 1,
      after: 104,
      seq: 105,
      events: [{ type: "turn-end", turn: "t1", message, checksum: 0 }],
    });
    await until(() => heard.length > 0);
    return { between, end: [...new Set(heard)] };
  });
  expect(said).toEqual({ between: [], end: ["Answer complete"] });
  await page.context().close();
});

test("Enter chooses a word of an input method, and does not send it", async () => {
  const page = await site.scene("thread", LIGHT);
  const keyboard = await page.context().newCDPSession(page);
  const box = page.locator(".composer textarea");
  const sent = () =>
    page.evaluate(
      () => (globalThis as unknown as { model: FakeModel }).model.sent.filter(({ op }) => op === "send").length,
    );
  await box.focus();
  await keyboard.send("Input.imeSetComposition", { text: "にほん", selectionStart: 3, selectionEnd: 3 });
  await keyboard.send("Input.dispatchKeyEvent", {
    type: "rawKeyDown",
    key: "Process",
    code: "Enter",
    windowsVirtualKeyCode: 229,
  });
  await keyboard.send("Input.insertText", { text: "日本" });
  expect(await box.inputValue()).toBe("日本");
  expect(await sent()).toBe(0);
  await page.keyboard.press("Enter");
  await expect.poll(sent).toBe(1);
  await page.context().close();
});
