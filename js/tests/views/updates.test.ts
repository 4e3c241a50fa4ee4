/** What an update of a growing answer costs: it draws what is new, and nothing of the window around it. */
import { options, type VNode } from "preact";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { MarkdownStream } from "../../src/markdown/stream.ts";
import { message, snapshot } from "../support/messages.ts";
import { drawn, fakeTimers, TestView } from "../support/view.ts";

let view: TestView;
beforeEach(fakeTimers);
afterEach(() => {
  view.end();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test("only what holds the text is drawn again, not the header, the composer and what else is as it was", async () => {
  view = new TestView();
  view.render();
  view.begin();
  view.say("one ");
  await drawn();
  const names = new Set<string>();
  const before = options.diffed;
  options.diffed = (node: VNode) => {
    if (typeof node.type === "function") names.add(node.type.name);
    before?.(node);
  };
  view.say("two");
  await drawn();
  options.diffed = before as NonNullable<typeof before>;
  expect(names).toContain("Messages");
  for (const name of ["Thread", "Header", "Composer", "Notices", "Announcer"]) expect(names).not.toContain(name);
});

test("the dots rest while text comes, and move again when none has come for a second", async () => {
  view = new TestView();
  const shown = view.render();
  view.begin();
  await drawn();
  const moves = () => shown.root.getAnimations().some((each) => (each as CSSAnimation).animationName === "breathe");
  expect(moves()).toBe(true);
  for (const word of ["one ", "two "]) {
    view.say(word);
    await drawn();
    expect(moves()).toBe(false);
    await vi.advanceTimersByTimeAsync(900);
    expect(moves()).toBe(false);
  }
  await vi.advanceTimersByTimeAsync(200);
  expect(moves()).toBe(true);
});

test("the whole text is read once: what follows is appended", async () => {
  view = new TestView();
  const shown = view.render();
  const set = vi.spyOn(MarkdownStream.prototype, "set");
  view.begin();
  for (const word of ["one ", "two ", "", "three"]) {
    view.say(word);
    await drawn();
  }
  expect(set).toHaveBeenCalledTimes(1);
  expect(shown.find(".markdown p").textContent).toBe("one two three");
});

test("what comes between two draws, in a view that joins late and with a snapshot is not lost", async () => {
  view = new TestView();
  const first = view.render();
  view.begin();
  view.say("one ");
  await drawn();
  view.say("two ");
  view.say("three ");
  await drawn();
  const second = view.render();
  await drawn();
  view.say("four");
  await drawn();
  for (const shown of [first, second]) expect(shown.find(".markdown p").textContent).toBe("one two three four");
  const question = message("q1", "user", "Why?");
  const answer = message("a1", "assistant", "ONE TWO THREE FOUR", { parent: "q1", status: "streaming" });
  const given = snapshot([question, answer], { generation: 1, seq: 9, ended: false, turn: "t1" });
  view.model.deliver({ op: "snapshot", snapshot: given });
  await drawn();
  view.model.deliver({
    op: "append",
    generation: 1,
    after: 9,
    seq: 10,
    events: [{ type: "text-delta", text: " and five" }],
  });
  await drawn();
  for (const shown of [first, second])
    expect(shown.find(".markdown p").textContent).toBe("ONE TWO THREE FOUR and five");
});
