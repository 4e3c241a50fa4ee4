/** A walk through a thread by keyboard alone: real Tab, Enter and Escape in a real page. */
import type { Page } from "playwright";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { LIGHT, NARROW, Site } from "../harness/site.ts";

/** What has the focus, as a person without a pointer meets it. */
interface Stop {
  name: string;
  role: string;
  top: number;
  left: number;
  /** Whether a ring, or another border, says where the focus is. */
  ring: boolean;
  /** Whether it is in the page's window and in that of each scrolling box around it. */
  inView: boolean;
  inside: boolean;
  /** Whether it is in a toolbar, whose controls are one stop. */
  tools: boolean;
}

/** What the pill says: it comes and goes as the walk scrolls. */
const PILLS = ["Jump to latest", "A tool waits for your decision"];

let site: Site;

beforeAll(async () => {
  site = await Site.open(inject("harness"));
});
afterAll(() => site.close());

function stop(page: Page): Promise<Stop> {
  return page.evaluate(() => {
    const host = document.querySelector(".nbchat-thread, .nbchat-live");
    const root = host?.shadowRoot as ShadowRoot;
    const node = root.activeElement as HTMLElement | null;
    if (!node) return { name: "", role: "", top: 0, left: 0, ring: false, inView: false, inside: false, tools: false };
    const box = node.getBoundingClientRect();
    let inView = node.checkVisibility({ opacityProperty: true, visibilityProperty: true });
    for (let at = node.parentElement; at; at = at.parentElement) {
      const around = at.getBoundingClientRect();
      if (getComputedStyle(at).overflowY !== "visible" && (box.bottom < around.top + 4 || box.top > around.bottom - 4))
        inView = false;
    }
    const look = () => {
      const { boxShadow, borderColor, outlineStyle, outlineWidth } = getComputedStyle(node);
      const ring = outlineStyle === "none" ? "" : outlineWidth;
      // a box may show it around itself and its buttons
      const around = [node.parentElement, node.parentElement?.parentElement].map((each) => {
        const style = getComputedStyle(each ?? node);
        return [style.borderColor, style.outlineStyle, style.boxShadow].join();
      });
      return [ring, boxShadow, borderColor, ...around];
    };
    const focused = look().join();
    node.blur();
    const ring = focused !== look().join();
    node.focus();
    const name = node.getAttribute("aria-label") ?? node.getAttribute("placeholder") ?? node.textContent?.trim() ?? "";
    const role = node.getAttribute("role") ?? node.localName;
    return {
      name: name.slice(0, 60),
      role,
      top: box.top,
      left: box.left,
      ring,
      inView,
      inside: true,
      tools: !!node.closest("[role=toolbar]"),
    };
  });
}

/** Press Tab (or Shift+Tab) through the view until the focus leaves it. */
async function walk(page: Page, key: "Tab" | "Shift+Tab"): Promise<Stop[]> {
  const stops: Stop[] = [];
  for (let presses = 0; presses < 200; presses++) {
    await page.keyboard.press(key);
    const at = await stop(page);
    if (!at.inside) return stops;
    if (!PILLS.includes(at.name)) stops.push(at);
  }
  throw new Error(`the focus does not leave: ${stops.map((each) => each.name).join(", ")}`);
}

/** The controls that Tab must reach: all but those that are one stop together, and what cannot be used. */
function wanted(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const root = document.querySelector(".nbchat-thread, .nbchat-live")?.shadowRoot as ShadowRoot;
    const all = root.querySelectorAll<HTMLElement>("button, a[href], input, textarea, select, summary, [tabindex='0']");
    return [...all]
      .filter((each) => each.tabIndex >= 0 && !each.matches(":disabled, .pill") && each.checkVisibility())
      .map(
        (each) => each.getAttribute("aria-label") ?? each.getAttribute("placeholder") ?? each.textContent?.trim() ?? "",
      )
      .map((name) => name.slice(0, 60));
  });
}

describe.each(["thread", "branches", "toolsopen", "approval", "error", "queueedit", "offers", "turnerror", "undo"])(
  "through %s",
  (scene) => {
    test.each([LIGHT, NARROW])("by Tab and back: every control, named, in view, with a ring", async (look) => {
      const page = await site.scene(scene, look);
      await page.evaluate(() => {
        const root = document.querySelector(".nbchat-thread, .nbchat-live")?.shadowRoot;
        (root?.activeElement as HTMLElement | null)?.blur();
        const before = document.createElement("button");
        document.body.prepend(before);
        document.body.append(document.createElement("button"));
        before.focus();
      });
      const there = await walk(page, "Tab");
      expect(there.filter((each) => !each.name).map((each) => each.role)).toEqual([]);
      expect(there.filter((each) => !each.inView).map((each) => each.name)).toEqual([]);
      expect(there.filter((each) => !each.ring).map((each) => each.name)).toEqual([]);
      expect(there.map((each) => each.name).sort()).toEqual((await wanted(page)).sort());
      const back = await walk(page, "Shift+Tab");
      expect(back.map((each) => each.name).reverse()).toEqual(there.map((each) => each.name));
      await page.context().close();
    });
  },
);

describe("each action by keyboard", () => {
  /** Go there by Tab, and by arrows within what is one stop (a toolbar), and press Enter. */
  const enter = async (page: Page, name: string) => {
    for (let presses = 0; presses < 100; presses++) {
      await page.keyboard.press("Tab");
      for (let at = await stop(page), first = at.name; at.inside; at = await stop(page)) {
        if (at.name === name) return page.keyboard.press("Enter");
        if (!at.tools) break;
        await page.keyboard.press("ArrowRight");
        if ((await stop(page)).name === first) break;
      }
    }
    throw new Error(`${name} is not reached`);
  };
  const sent = (page: Page) =>
    page.evaluate(() =>
      (globalThis as unknown as { model: { sent: { op: string }[] } }).model.sent.map(({ op }) => op),
    );

  test("a question is edited and given up: the focus is back on its button", async () => {
    const page = await site.scene("branches", LIGHT);
    await enter(page, "Edit question");
    await expect.poll(async () => (await stop(page)).role).toBe("textarea");
    await page.keyboard.type("Another");
    await page.keyboard.press("Escape");
    await expect.poll(async () => (await stop(page)).name).toBe("Edit question");
    await page.context().close();
  });

  test("branches are switched, and the focus stays in the thread", async () => {
    const page = await site.scene("branches", LIGHT);
    await enter(page, "Next version");
    await expect.poll(() => sent(page)).toContain("switch");
    expect((await stop(page)).inside).toBe(true);
    await page.context().close();
  });

  test.each([
    ["Regenerate", "regenerate"],
    ["Hide answer from the model", "hide"],
    ["Delete answer", "delete"],
  ])("%s is sent, and the focus is not lost", async (name, op) => {
    const page = await site.scene("thread", LIGHT);
    await enter(page, name);
    await expect.poll(() => sent(page)).toContain(op);
    await expect.poll(async () => (await stop(page)).inside).toBe(true);
    await page.context().close();
  });

  test("the model menu opens, takes a search and closes to its button", async () => {
    const page = await site.scene("thread", LIGHT);
    await page.locator("button.model").focus();
    await page.keyboard.press("Enter");
    await expect.poll(async () => (await stop(page)).role).toMatch(/input|combobox/);
    await page.keyboard.type("qwen");
    await page.keyboard.press("Escape");
    await expect.poll(async () => (await stop(page)).name).toMatch(/qwen3-32b|[Mm]odel/);
    await page.context().close();
  });

  test("Tab leaves the composer, whatever is in it", async () => {
    const page = await site.scene("thread", LIGHT);
    await page.locator("textarea").focus();
    await page.keyboard.type("a draft");
    await page.keyboard.press("Tab");
    expect((await stop(page)).role).toBe("button");
    await page.context().close();
  });
});
