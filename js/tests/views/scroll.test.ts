/** Where a thread is scrolled to, by layout: it follows its end until the reader goes up, by any means. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { loadExtras } from "../../src/views/lazy.tsx";
import { snapshot } from "../support/messages.ts";
import { frames, many, near, open, restOf, scrollTo, topOf } from "../support/scrolling.ts";
import { type Rendered, TestView } from "../support/view.ts";

let view: TestView;
afterEach(() => view.end());

async function opened(...given: Parameters<typeof open>) {
  const made = await open(...given);
  view = made.view;
  return made;
}

describe("a thread", () => {
  test("follows the end until the reader scrolls up, and a pill leads back", async () => {
    view = new TestView({ snapshot: snapshot(many(2)) });
    const shown = view.render();
    const log = shown.find(".log");
    const rest = () => log.scrollHeight - log.scrollTop - log.clientHeight;
    await vi.waitFor(() => expect(rest()).toBeLessThan(2));
    expect(log.scrollTop).toBeGreaterThan(100);
    log.scrollTop = 40;
    await vi.waitFor(() => expect(shown.has(".pill")).toBe(true));
    view.begin();
    view.say("more\n\n".repeat(40));
    await vi.waitFor(() => expect(shown.text).toContain("more"));
    expect(rest()).toBeGreaterThan(100);
    (await vi.waitFor(() => shown.button("New answer"))).click();
    await vi.waitFor(() => expect(rest()).toBeLessThan(2));
    view.say("and more\n\n".repeat(40));
    await vi.waitFor(() => expect(shown.text).toContain("and more"));
    await vi.waitFor(() => expect(rest()).toBeLessThan(2));
    expect(shown.has(".pill")).toBe(false);
  });

  test("follows the end when the browser moves up because something has become smaller, and more is there already", async () => {
    const { shown, log } = await opened(many(2));
    const last = document.createElement("div");
    last.style.cssText = "flex: none; height: 90px"; // as the source of a formula that is drawn then
    log.firstElementChild?.append(last);
    await frames();
    last.style.height = "50px";
    log.scrollTop = log.scrollHeight - log.clientHeight - 4;
    await frames();
    expect(restOf(log)).toBeLessThan(2);
    expect(shown.has(".pill")).toBe(false);
  });

  test("keeps the reader's place while a host takes the view off the page", async () => {
    view = new TestView({ snapshot: snapshot(many(2)) });
    const shown = view.render();
    const log = shown.find(".log");
    await vi.waitFor(() => expect(log.scrollTop).toBeGreaterThan(100));
    await scrollTo(log, 60);
    await vi.waitFor(() => expect(shown.has(".pill")).toBe(true));
    const before = log.scrollTop;
    shown.el.style.display = "none";
    await vi.waitFor(() => expect(log.clientHeight).toBe(0));
    await frames();
    shown.el.style.display = "";
    await vi.waitFor(() => near(log.scrollTop, before));
  });
});

describe("the reader goes up", () => {
  let grown = 0;
  /** More comes, and is drawn. */
  const grow = async (shown: Rendered) => {
    const last = `more ${grown++}`;
    view.say(`${"more\n\n".repeat(20)}${last}\n\n`);
    await vi.waitFor(() => expect(shown.text).toContain(last));
    await frames();
  };

  test.each([
    ["by wheel", (log: HTMLElement) => log.dispatchEvent(new WheelEvent("wheel", { deltaY: -1 }))],
    [
      "by a key",
      (log: HTMLElement) => log.dispatchEvent(new KeyboardEvent("keydown", { key: "PageUp", bubbles: true })),
    ],
    ["by finger", (log: HTMLElement) => finger(log, 100, 106)],
    ["by the scrollbar, or a jump of the browser's search", (log: HTMLElement) => log.scrollBy(0, -3)],
  ])("%s, and the end is let go before anything has moved", async (_how, up) => {
    const { shown, log } = await opened(many(2));
    view.begin();
    await grow(shown);
    const before = log.scrollTop;
    up(log);
    await grow(shown);
    expect(Math.abs(log.scrollTop - before)).toBeLessThanOrEqual(3);
    await vi.waitFor(() => expect(shown.has(".pill")).toBe(true));
  });

  test.each([
    ["a wheel that turns down", (log: HTMLElement) => log.dispatchEvent(new WheelEvent("wheel", { deltaY: 1 }))],
    [
      "a wheel that goes sideways",
      (log: HTMLElement) => log.dispatchEvent(new WheelEvent("wheel", { deltaX: 9, deltaY: -1 })),
    ],
    ["a finger that goes up", (log: HTMLElement) => finger(log, 106, 100)],
  ])("%s does not let go", async (_how, act) => {
    const { shown, log } = await opened(many(2));
    view.begin();
    act(log);
    await grow(shown);
    await vi.waitFor(() => expect(restOf(log)).toBeLessThan(2));
    expect(shown.has(".pill")).toBe(false);
  });

  test("what scrolls up inside a message scrolls alone", async () => {
    const code = `\`\`\`\n${"line\n".repeat(300)}\`\`\`\n`;
    const { shown, log } = await opened(many(2, () => code));
    const inner = document.createElement("div");
    inner.style.cssText = "height: 20px; overflow: auto";
    inner.append(Object.assign(document.createElement("div"), { style: "height: 90px" }));
    shown.find("article:last-of-type").append(inner);
    inner.scrollTop = 30;
    await frames();
    view.begin();
    inner.dispatchEvent(new WheelEvent("wheel", { deltaY: -1, bubbles: true, composed: true }));
    await grow(shown);
    await vi.waitFor(() => expect(restOf(log)).toBeLessThan(2));
  });

  test("text that is being selected does not run away, nor once it is selected", async () => {
    const { shown, log } = await opened(many(2));
    view.begin();
    view.say("one\n\ntwo\n\nthree");
    await vi.waitFor(() => expect(shown.text).toContain("three"));
    await frames();
    const before = log.scrollTop;
    const text = shown.find("article:last-of-type .markdown p");
    text.dispatchEvent(new PointerEvent("pointerdown", { bubbles: true, composed: true }));
    await grow(shown);
    expect(log.scrollTop).toBe(before);
    getSelection()?.setBaseAndExtent(text, 0, text, 1);
    document.dispatchEvent(new PointerEvent("pointerup"));
    await grow(shown);
    expect(log.scrollTop).toBe(before);
    expect(shown.has(".pill")).toBe(true);
    getSelection()?.removeAllRanges();
  });

  test("what opens below the last answer is seen, as the end is; below an earlier one the button stays", async () => {
    const { shown, log } = await opened(many(2));
    await loadExtras();
    shown.buttons("How it was made").at(-1)?.click();
    await vi.waitFor(() => expect(shown.has(".facts-list")).toBe(true));
    await frames();
    expect(restOf(log)).toBeLessThan(2);
    expect(shown.has(".pill")).toBe(false);
    const button = shown.button("How it was made");
    const before = topOf(log, button);
    button.click();
    await vi.waitFor(() => expect(shown.root.querySelectorAll(".facts-list").length).toBe(2));
    await frames();
    near(topOf(log, button), before);
  });

  test("a press that selects nothing only waits", async () => {
    const { shown, log } = await opened(many(2));
    view.begin();
    shown.find(".bubble").dispatchEvent(new PointerEvent("pointerdown", { bubbles: true, composed: true }));
    await grow(shown);
    expect(restOf(log)).toBeGreaterThan(100);
    document.dispatchEvent(new PointerEvent("pointerup"));
    await vi.waitFor(() => expect(restOf(log)).toBeLessThan(2));
  });

  test("and comes back to the end by scrolling, where the view follows again", async () => {
    const { shown, log } = await opened(many(2));
    await scrollTo(log, 40);
    await scrollTo(log, log.scrollHeight - log.clientHeight - 10);
    await vi.waitFor(() => expect(shown.has(".pill")).toBe(false));
    view.begin();
    await grow(shown);
    await vi.waitFor(() => expect(restOf(log)).toBeLessThan(2));
  });

  test("whoever sends a question goes to the end with it", async () => {
    const { shown, log } = await opened(many(2));
    await scrollTo(log, 40);
    expect(restOf(log)).toBeGreaterThan(100);
    shown.find(".composer textarea").focus();
    shown.type("And now?");
    await vi.waitFor(() => expect(shown.button("Send").disabled).toBe(false));
    shown.key("Enter");
    await vi.waitFor(() => expect(restOf(log)).toBeLessThan(2));
    expect(shown.focused).toBe(shown.find(".composer textarea"));
  });
});

function finger(log: HTMLElement, from: number, to: number): void {
  const at = (clientY: number) => [new Touch({ identifier: 1, target: log, clientY })];
  log.dispatchEvent(new TouchEvent("touchstart", { touches: at(from) }));
  log.dispatchEvent(new TouchEvent("touchmove", { touches: at(to) }));
}

describe("the pill", () => {
  test("stays while it has the focus: gone, it would take the way of the Tab key along", async () => {
    const { shown, log } = await opened(many(2));
    await scrollTo(log, 40);
    await vi.waitFor(() => expect(shown.has(".pill")).toBe(true));
    shown.find<HTMLElement>(".pill").focus();
    log.scrollTop = log.scrollHeight;
    await frames();
    await frames();
    expect(shown.focused?.className).toBe("pill");
    shown.find<HTMLElement>(".composer textarea").focus();
    await vi.waitFor(() => expect(shown.has(".pill")).toBe(false));
  });

  test("says what is new there, and takes no focus along", async () => {
    const { shown, log } = await opened(many(2));
    await scrollTo(log, 40);
    await vi.waitFor(() => expect(shown.find(".pill").textContent).toBe("Jump to latest"));
    expect(shown.has(".unread")).toBe(false);
    view.begin();
    await vi.waitFor(() => expect(shown.find(".pill").textContent).toBe("New answer"));
    expect(shown.has(".unread")).toBe(true);
    shown.find(".pill").focus();
    shown.find(".pill").click();
    await vi.waitFor(() => expect(shown.has(".pill")).toBe(false));
    expect(shown.focused).toBe(log);
    view.say("more\n\n".repeat(40));
    await vi.waitFor(() => expect(shown.text).toContain("more"));
    await vi.waitFor(() => expect(restOf(log)).toBeLessThan(2));
    await frames();
    log.dispatchEvent(new WheelEvent("wheel", { deltaY: -1 }));
    await vi.waitFor(() => expect(shown.find(".pill").textContent).toBe("Jump to latest"));
    view.say("and more");
    await vi.waitFor(() => expect(shown.find(".pill").textContent).toBe("More has come"));
  });
});
