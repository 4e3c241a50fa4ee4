/** What the reader looks at stays where it is, by layout: whatever is opened, loaded, drawn or wrapped anew around it. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { ANSWER } from "../harness/texts.ts";
import { snapshot } from "../support/messages.ts";
import { frames, many, near, open, scrollTo, THOUGHT, topOf } from "../support/scrolling.ts";
import { type Rendered, TestView } from "../support/view.ts";

let view: TestView;
afterEach(() => view.end());

async function opened(...given: Parameters<typeof open>) {
  const made = await open(...given);
  view = made.view;
  return made;
}

describe("what the reader looks at stays", () => {
  test.each([true, false])("under the pointer when a section is opened; at the end: %s", async (atEnd) => {
    const { shown, log } = await opened(many(3, (n) => [THOUGHT, { type: "text", text: n === 2 ? "Short." : ANSWER }]));
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
    await new Promise((done) => setTimeout(done, 350)); // what was clicked counts as opened
    near(topOf(log, seen), before);
    await vi.waitFor(() => expect(shown.has(".pill")).toBe(true));
    seen.click();
    await new Promise((done) => setTimeout(done, 350));
    if (!atEnd) near(topOf(log, seen), before);
    await vi.waitFor(() => expect(shown.has(".pill")).toBe(!atEnd));
  });

  test("also while the answer streams on below", async () => {
    const { shown, log } = await opened(many(2));
    view.begin();
    view.append({ type: "reasoning-delta", text: THOUGHT.text });
    view.say("It is\n\n".repeat(3));
    await vi.waitFor(() => expect(shown.text).toContain("It is"));
    await frames();
    const fold = shown.find("summary");
    const before = topOf(log, fold);
    fold.click();
    for (let n = 0; n < 5; n++) {
      view.say(`${"so\n\n".repeat(5)}and so ${n}\n\n`);
      await vi.waitFor(() => expect(shown.text).toContain(`and so ${n}`));
      await frames();
      near(topOf(log, fold), before);
    }
  });

  test("when something above changes its size", async () => {
    const { shown, log } = await opened(many(4));
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
    const { shown, log } = await opened(many(4));
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
    const { shown, log } = await opened(all.slice(10), { more: true });
    expect(view.sent("page")).toEqual([]);
    await scrollTo(log, 0);
    await vi.waitFor(() => expect(view.sent("page")).toEqual([{ op: "page", before: "q5" }]));
    const bubble = shown.find(".bubble");
    const before = topOf(log, bubble);
    view.model.deliver({ op: "page", messages: all.slice(2, 10), more: true });
    await vi.waitFor(() => expect(shown.root.querySelectorAll("article").length).toBe(14));
    await frames();
    near(topOf(log, bubble), before);
    expect(view.sent("page").length).toBe(1);
    await scrollTo(log, 20);
    await vi.waitFor(() => expect(view.sent("page").length).toBe(2));
  });

  test("in the next view of the conversation, although it has another model", async () => {
    const question = (shown: Rendered) =>
      topOf(shown.find(".log"), shown.root.querySelectorAll(".bubble")[1] as Element);
    view = new TestView({ conversation: "c9", snapshot: snapshot(many(4)) });
    const shown = view.render();
    await frames();
    for (let n = 0; n < 2; n++) await scrollTo(shown.find(".log"), shown.find(".log").scrollTop + question(shown) + 7);
    const before = question(shown);
    shown.end();
    const next = new TestView({ conversation: "c9", snapshot: snapshot(many(4)) });
    const other = next.render();
    await vi.waitFor(() => near(question(other), before));
    await frames(6);
    near(question(other), before);
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
