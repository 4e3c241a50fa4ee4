/** Earlier questions by the arrow keys, and typing: what belongs to the box stays the box's. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { registry } from "../../src/registry.ts";
import { loadExtras } from "../../src/views/lazy.tsx";
import { line, message, snapshot } from "../support/messages.ts";
import { drawn, fakeTimers, type Rendered, TestView } from "../support/view.ts";

let view: TestView;
beforeEach(async () => {
  registry().shelves.clear();
  await loadExtras();
  fakeTimers();
});
afterEach(() => {
  view.end();
  vi.useRealTimers();
});

const box = (shown: Rendered) => shown.find<HTMLTextAreaElement>(".composer textarea");

/** Press a key; what the box holds then, and whether the key was taken. */
async function press(shown: Rendered, key: string, more: KeyboardEventInit = {}) {
  const event = shown.key(key, more);
  await drawn();
  return [box(shown).value, event.defaultPrevented];
}

async function open(...asked: string[]): Promise<Rendered> {
  const messages = asked.flatMap((text, at) => [message(`q${at}`, "user", text), message(`a${at}`, "assistant", "ok")]);
  view = new TestView({ snapshot: snapshot(line(...messages)) });
  const shown = view.render();
  await drawn();
  return shown;
}

async function type(shown: Rendered, text: string, caret = text.length) {
  shown.type(text);
  box(shown).setSelectionRange(caret, caret);
  await drawn();
}

describe("earlier questions", () => {
  test("Up goes back through them in an empty box, Down comes back to it", async () => {
    const shown = await open("one", "two", "two", "three");
    expect(await press(shown, "ArrowDown")).toEqual(["", false]);
    expect(await press(shown, "ArrowUp")).toEqual(["three", true]);
    expect(box(shown).selectionStart).toBe(5);
    expect(await press(shown, "ArrowUp")).toEqual(["two", true]);
    expect(await press(shown, "ArrowUp")).toEqual(["one", true]);
    expect(await press(shown, "ArrowUp")).toEqual(["one", false]);
    expect(await press(shown, "ArrowDown")).toEqual(["two", true]);
    expect(await press(shown, "ArrowDown")).toEqual(["three", true]);
    expect(await press(shown, "ArrowDown")).toEqual(["", true]);
    expect(await press(shown, "ArrowDown")).toEqual(["", false]);
  });

  test("a draft is gone back from only at its very start, and is there again afterwards", async () => {
    const shown = await open("one");
    await type(shown, "half a\nthought");
    expect(await press(shown, "ArrowUp")).toEqual(["half a\nthought", false]);
    box(shown).setSelectionRange(0, 4);
    expect(await press(shown, "ArrowUp")).toEqual(["half a\nthought", false]);
    box(shown).setSelectionRange(0, 0);
    expect(await press(shown, "ArrowUp", { shiftKey: true })).toEqual(["half a\nthought", false]);
    expect(await press(shown, "ArrowUp", { ctrlKey: true })).toEqual(["half a\nthought", false]);
    expect(await press(shown, "ArrowUp")).toEqual(["one", true]);
    expect(await press(shown, "ArrowDown")).toEqual(["half a\nthought", true]);
  });

  test("within a recalled question of several lines the arrows first move the caret", async () => {
    const shown = await open("one", "a\nb\nc");
    await press(shown, "ArrowUp");
    box(shown).setSelectionRange(2, 2);
    expect(await press(shown, "ArrowUp")).toEqual(["a\nb\nc", false]);
    expect(await press(shown, "ArrowDown")).toEqual(["a\nb\nc", false]);
    box(shown).setSelectionRange(1, 1);
    expect(await press(shown, "ArrowUp")).toEqual(["one", true]);
  });

  test("an edited one becomes the draft; what was typed before it is not lost", async () => {
    const shown = await open("one", "two");
    await type(shown, "half", 0);
    await press(shown, "ArrowUp");
    await type(shown, "two!");
    expect(await press(shown, "ArrowDown")).toEqual(["two!", false]);
    box(shown).setSelectionRange(0, 0);
    expect(await press(shown, "ArrowUp")).toEqual(["half", true]);
    expect(await press(shown, "ArrowUp")).toEqual(["two", true]);
    expect(await press(shown, "Enter")).toEqual(["", true]);
    expect(view.sent("send")).toMatchObject([{ text: "two" }]);
  });

  test("what waits or was just sent counts, and so does what cells ask", async () => {
    const shown = await open("one");
    view.begin("from a cell");
    view.model.set("queue", [
      { turn: "t8", text: "waits" },
      { turn: "t9", text: "one", kind: "resume", message: "a0" },
    ]);
    await type(shown, "sent");
    await press(shown, "Enter");
    const seen = [];
    for (let at = 0; at < 4; at++) seen.push((await press(shown, "ArrowUp"))[0]);
    expect(seen).toEqual(["sent", "waits", "from a cell", "from a cell"]);
  });

  test("while an input method chooses a word the arrows are its own", async () => {
    const shown = await open("one");
    expect(await press(shown, "ArrowUp", { isComposing: true })).toEqual(["", false]);
    expect(await press(shown, "ArrowUp", { keyCode: 229 } as KeyboardEventInit)).toEqual(["", false]);
  });
});

describe("typing", () => {
  test("Escape with nothing running leaves the box as it is, and stays in it", async () => {
    const shown = await open("one");
    box(shown).focus();
    await type(shown, "half");
    expect(await press(shown, "Escape")).toEqual(["half", false]);
    expect(shown.focused).toBe(box(shown));
    expect(view.sent("stop")).toEqual([]);
  });

  test("the focus stays in the box after sending, stopping and a refusal", async () => {
    const shown = await open();
    await type(shown, "Why?");
    shown.button("Send").focus();
    shown.button("Send").click();
    await drawn();
    expect(shown.focused).toBe(box(shown));
    view.begin("Why?");
    await drawn();
    shown.button("Stop").focus();
    shown.button("Stop").click();
    view.finish(0, { status: "stopped" });
    await drawn();
    expect(shown.focused).toBe(box(shown));
    await type(shown, "And?");
    shown.key("Enter");
    const { client_id } = view.sent("send")[1] as { client_id: string };
    view.model.deliver({ op: "refused", client_id, error: { kind: "config", text: "No.", hint: "" } });
    await drawn();
    expect([shown.focused, box(shown).value]).toEqual([box(shown), "And?"]);
  });

  test("what is typed while an answer streams is left alone by it", async () => {
    const shown = await open();
    view.begin();
    await drawn();
    box(shown).focus();
    await type(shown, "next question", 4);
    for (let at = 0; at < 20; at++) view.say("word ");
    await drawn();
    expect([box(shown).value, box(shown).selectionStart, shown.focused]).toEqual(["next question", 4, box(shown)]);
  });

  test("the caret is where it was in the view that takes the draft up", async () => {
    const shown = await open();
    await type(shown, "half a thought", 4);
    shown.end();
    const again = view.render(document.createDocumentFragment());
    await drawn();
    document.body.append(again.el);
    await vi.waitFor(() => expect([box(again).value, box(again).selectionStart]).toEqual(["half a thought", 4]));
    box(again).focus();
    expect(box(again).selectionStart).toBe(4);
  });

  test("the box says what the next question will cost, where that is known", async () => {
    view = new TestView({
      outlook: {
        ...{ tokens: 4_100, estimated: true, price: "~$0.003", answer: "about 500" },
        ...{ length: 8_192, kept: 0, first: null, omitted: 0 },
      },
    });
    const shown = view.render();
    await drawn();
    const described = shown.root.getElementById(box(shown).getAttribute("aria-describedby") ?? "");
    expect(described?.textContent).toContain("~$0.003");
  });

  test("it grows with its text to a limit, and shrinks again", async () => {
    const shown = await open();
    const height = () => box(shown).getBoundingClientRect().height;
    const one = height();
    await type(shown, "a\nb\nc");
    expect(height()).toBeGreaterThan(one * 1.8);
    await type(shown, "a\n".repeat(500));
    const limit = height();
    expect(limit).toBeLessThanOrEqual(innerHeight * 0.4 + 1);
    await type(shown, "word ".repeat(20_000));
    expect(height()).toBe(limit);
    await type(shown, "a");
    expect(height()).toBe(one);
  });

  test("a long text is not measured with every key: it fills the box anyway", async () => {
    const shown = await open();
    let measured = 0;
    Object.defineProperty(box(shown), "scrollHeight", { get: () => ++measured });
    await type(shown, "x".repeat(100_000));
    await type(shown, "x".repeat(100_001));
    expect(measured).toBe(0);
    await type(shown, "x");
    expect(measured).toBeGreaterThan(0);
  });
});
