/** Where a thread is scrolled to, by layout: it follows its end until the reader goes up, and then stays where the reader looks. */
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Message } from "../../src/wire/protocol.ts";
import { ANSWER } from "../harness/texts.ts";
import { line, message, snapshot } from "../support/messages.ts";
import { type Rendered, TestView } from "../support/view.ts";

let view: TestView;
afterEach(() => view.end());

const THOUGHT = { type: "reasoning" as const, text: "let me see\n".repeat(60), seconds: 4 };

function many(count: number, parts: (n: number) => string | Message["parts"] = () => ANSWER) {
  return line(
    ...Array.from({ length: count }, (_, n) => [
      message(`q${n}`, "user", `Question ${n}`),
      message(`a${n}`, "assistant", parts(n) as never),
    ]).flat(),
  );
}

const restOf = (log: HTMLElement) => log.scrollHeight - log.scrollTop - log.clientHeight;

/** A ResizeObserver speaks after a frame's layout, what it changes is seen in the next one. */
async function frames(count = 3): Promise<void> {
  for (let n = 0; n < count; n++) await new Promise(requestAnimationFrame);
  await new Promise((done) => setTimeout(done));
}

/** How far below the log's upper edge an element is. */
function topOf(log: HTMLElement, node: Element): number {
  return node.getBoundingClientRect().top - log.getBoundingClientRect().top;
}

/** Browsers scroll by whole pixels. */
const near = (a: number, b: number) => expect(Math.abs(a - b), `${a} is not ${b}`).toBeLessThanOrEqual(1);

async function open(messages: Message[], more: Record<string, unknown> = {}): Promise<[Rendered, HTMLElement]> {
  view = new TestView({ snapshot: snapshot(messages, more) });
  const shown = view.render();
  const log = shown.find(".log");
  await vi.waitFor(() => expect(restOf(log)).toBeLessThan(2));
  await frames();
  return [shown, log];
}

async function scrollTo(log: HTMLElement, top: number): Promise<void> {
  log.scrollTop = top;
  await frames();
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
    shown.button("New answer").click();
    await vi.waitFor(() => expect(rest()).toBeLessThan(2));
    view.say("and more\n\n".repeat(40));
    await vi.waitFor(() => expect(shown.text).toContain("and more"));
    await vi.waitFor(() => expect(rest()).toBeLessThan(2));
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
  const grow = async () => {
    view.say("more\n\n".repeat(20));
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
    const [shown, log] = await open(many(2));
    view.begin();
    await grow();
    const before = log.scrollTop;
    up(log);
    await grow();
    expect(Math.abs(log.scrollTop - before)).toBeLessThanOrEqual(3);
    expect(shown.has(".pill")).toBe(true);
  });

  test.each([
    ["a wheel that turns down", (log: HTMLElement) => log.dispatchEvent(new WheelEvent("wheel", { deltaY: 1 }))],
    [
      "a wheel that goes sideways",
      (log: HTMLElement) => log.dispatchEvent(new WheelEvent("wheel", { deltaX: 9, deltaY: -1 })),
    ],
    ["a finger that goes up", (log: HTMLElement) => finger(log, 106, 100)],
  ])("%s does not let go", async (_how, act) => {
    const [shown, log] = await open(many(2));
    view.begin();
    act(log);
    await grow();
    expect(restOf(log)).toBeLessThan(2);
    expect(shown.has(".pill")).toBe(false);
  });

  test("what scrolls up inside a message scrolls alone", async () => {
    const code = `\`\`\`\n${"line\n".repeat(300)}\`\`\`\n`;
    const [shown, log] = await open(many(2, () => code));
    const inner = document.createElement("div");
    inner.style.cssText = "height: 20px; overflow: auto";
    inner.append(Object.assign(document.createElement("div"), { style: "height: 90px" }));
    shown.find("article:last-of-type").append(inner);
    inner.scrollTop = 30;
    await frames();
    view.begin();
    inner.dispatchEvent(new WheelEvent("wheel", { deltaY: -1, bubbles: true, composed: true }));
    await grow();
    expect(restOf(log)).toBeLessThan(2);
  });

  test("text that is being selected does not run away, nor once it is selected", async () => {
    const [shown, log] = await open(many(2));
    view.begin();
    view.say("one\n\ntwo\n\nthree");
    await frames();
    const before = log.scrollTop;
    const text = shown.find("article:last-of-type .markdown p");
    text.dispatchEvent(new PointerEvent("pointerdown", { bubbles: true, composed: true }));
    await grow();
    expect(log.scrollTop).toBe(before);
    getSelection()?.setBaseAndExtent(text, 0, text, 1);
    document.dispatchEvent(new PointerEvent("pointerup"));
    await grow();
    expect(log.scrollTop).toBe(before);
    expect(shown.has(".pill")).toBe(true);
    getSelection()?.removeAllRanges();
  });

  test("a press that selects nothing only waits", async () => {
    const [shown, log] = await open(many(2));
    view.begin();
    shown.find(".bubble").dispatchEvent(new PointerEvent("pointerdown", { bubbles: true, composed: true }));
    await grow();
    expect(restOf(log)).toBeGreaterThan(100);
    document.dispatchEvent(new PointerEvent("pointerup"));
    await vi.waitFor(() => expect(restOf(log)).toBeLessThan(2));
  });

  test("and comes back to the end by scrolling, where the view follows again", async () => {
    const [shown, log] = await open(many(2));
    await scrollTo(log, 40);
    await scrollTo(log, log.scrollHeight - log.clientHeight - 10);
    expect(shown.has(".pill")).toBe(false);
    view.begin();
    await grow();
    expect(restOf(log)).toBeLessThan(2);
  });

  test("whoever sends a question goes to the end with it", async () => {
    const [shown, log] = await open(many(2));
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
  test("says what is new there, and takes no focus along", async () => {
    const [shown, log] = await open(many(2));
    await scrollTo(log, 40);
    expect(shown.find(".pill").textContent).toBe("Jump to latest");
    expect(shown.has(".unread")).toBe(false);
    view.begin();
    await vi.waitFor(() => expect(shown.find(".pill").textContent).toBe("New answer"));
    expect(shown.has(".unread")).toBe(true);
    shown.find(".pill").focus();
    shown.find(".pill").click();
    await vi.waitFor(() => expect(shown.has(".pill")).toBe(false));
    expect(shown.focused).toBe(log);
    view.say("more\n\n".repeat(40));
    await frames(6);
    log.dispatchEvent(new WheelEvent("wheel", { deltaY: -1 }));
    await vi.waitFor(() => expect(shown.find(".pill").textContent).toBe("Jump to latest"));
    view.say("and more");
    await vi.waitFor(() => expect(shown.find(".pill").textContent).toBe("More has come"));
  });
});

describe("what the reader looks at stays", () => {
  test.each([true, false])("under the pointer when a section is opened; at the end: %s", async (atEnd) => {
    const [shown, log] = await open(many(3, (n) => [THOUGHT, { type: "text", text: n === 2 ? "Short." : ANSWER }]));
    const folds = [...shown.root.querySelectorAll("summary")];
    if (!atEnd) await scrollTo(log, log.scrollTop + topOf(log, folds[1] as HTMLElement) - 100);
    const seen = folds
      .filter((each) => topOf(log, each) > 0 && topOf(log, each) < log.clientHeight)
      .at(-1) as HTMLElement;
    const before = topOf(log, seen);
    seen.click();
    await frames(4);
    expect((seen.parentElement as HTMLDetailsElement).open).toBe(true);
    near(topOf(log, seen), before);
    await new Promise((done) => setTimeout(done, 350));
    near(topOf(log, seen), before);
    expect(shown.has(".pill")).toBe(true);
    seen.click();
    await new Promise((done) => setTimeout(done, 350));
    if (!atEnd) near(topOf(log, seen), before);
    expect(shown.has(".pill")).toBe(!atEnd);
  });

  test("also while the answer streams on below", async () => {
    const [shown, log] = await open(many(2));
    view.begin();
    view.append({ type: "reasoning-delta", text: THOUGHT.text });
    view.say("It is\n\n".repeat(3));
    await frames();
    const fold = shown.find("summary");
    const before = topOf(log, fold);
    fold.click();
    for (let n = 0; n < 5; n++) {
      view.say("so\n\n".repeat(5));
      await frames();
      near(topOf(log, fold), before);
    }
  });

  test("when something above changes its size", async () => {
    const [shown, log] = await open(many(4));
    const bubble = shown.root.querySelectorAll(".bubble")[2] as HTMLElement;
    await scrollTo(log, log.scrollTop + topOf(log, bubble) - 50);
    const before = topOf(log, bubble);
    const first = shown.find("article");
    first.style.height = "900px"; // an image has loaded, a closed block is drawn
    await frames();
    near(topOf(log, bubble), before);
    first.style.height = "10px";
    await frames();
    near(topOf(log, bubble), before);
  });

  test("when the window becomes narrow, and wide again", async () => {
    const [shown, log] = await open(many(4));
    const bubble = shown.root.querySelectorAll(".bubble")[2] as HTMLElement;
    await scrollTo(log, log.scrollTop + topOf(log, bubble) - 4);
    for (const width of ["330px", "700px", ""]) {
      shown.el.style.width = width;
      await frames();
      expect(Math.abs(topOf(log, bubble) - 4)).toBeLessThan(30);
    }
  });

  test("when older messages are put in front, which come by themselves near the top", async () => {
    const all = many(8);
    const [shown, log] = await open(all.slice(10), { more: true });
    expect(view.sent("page")).toEqual([]);
    await scrollTo(log, 0);
    expect(view.sent("page")).toEqual([{ op: "page", before: "q5" }]);
    const bubble = shown.find(".bubble");
    const before = topOf(log, bubble);
    view.model.deliver({ op: "page", messages: all.slice(2, 10), more: true });
    await vi.waitFor(() => expect(shown.root.querySelectorAll("article").length).toBe(14));
    await frames();
    near(topOf(log, bubble), before);
    expect(view.sent("page").length).toBe(1);
    await scrollTo(log, 20);
    expect(view.sent("page").length).toBe(2);
  });

  test("in the next view of the conversation, although it has another model", async () => {
    const [shown] = await open(many(4));
    const bubble = shown.root.querySelectorAll(".bubble")[1] as HTMLElement;
    view.model.set("conversation", "c9");
    await frames();
    const again = shown.find(".log");
    await scrollTo(again, again.scrollTop + topOf(again, shown.root.querySelectorAll(".bubble")[1] as HTMLElement) + 7);
    expect(bubble.isConnected).toBe(false);
    shown.end();
    const next = new TestView({ conversation: "c9", snapshot: snapshot(many(4)) });
    const other = next.render();
    await vi.waitFor(() => {
      const place = topOf(other.find(".log"), other.root.querySelectorAll(".bubble")[1] as HTMLElement);
      expect(place).toBeCloseTo(-7, 0);
    });
    next.end();
  });

  test("there too if it has to be paged in first", async () => {
    const all = many(6);
    view = new TestView({ conversation: "c8", snapshot: snapshot(all) });
    const first = view.render();
    await frames();
    await scrollTo(first.find(".log"), 0);
    view.end();
    const next = new TestView({ conversation: "c8", snapshot: snapshot(all.slice(8), { more: true }) });
    const other = next.render();
    await vi.waitFor(() => expect(next.sent("page").length).toBe(1));
    next.model.deliver({ op: "page", messages: all.slice(0, 8), more: false });
    await vi.waitFor(() => expect(other.root.querySelectorAll("article").length).toBe(12));
    await frames();
    expect(other.find(".log").scrollTop).toBeLessThan(2);
    expect(other.has(".pill")).toBe(true);
    next.end();
  });
});
