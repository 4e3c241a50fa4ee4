/** The drawer of conversations: found, opened, begun, renamed and taken away, by keyboard as by mouse. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { loadExtras } from "../../src/views/lazy.tsx";
import type { ConversationInfo } from "../../src/wire/calls.ts";
import { line, message, snapshot } from "../support/messages.ts";
import { drawn, fakeTimers, type Rendered, TestView } from "../support/view.ts";

let view: TestView;
let archive: ConversationInfo[];
let kept: ConversationInfo[];
beforeEach(async () => {
  await loadExtras();
  fakeTimers();
  archive = [];
  kept = [
    row("c1", "Ships", { updated: Date.now() / 1000 - 7_300, cost: "$0.02", messages: 4 }),
    row("c2", "Walruses", { running: true, snippet: "… of walruses and …" }),
    row("c3", "analysis 3", { private: true }),
  ];
});
afterEach(() => {
  view.end();
  vi.useRealTimers();
});

function row(id: string, title: string, more: Partial<ConversationInfo> = {}): ConversationInfo {
  return { id, title, name: id, updated: Date.now() / 1000, ...more };
}

/** A kernel with these conversations, whose view shows c1. */
async function opened(): Promise<Rendered> {
  view = new TestView({ conversation: "c1", title: "Ships", snapshot: snapshot(line(message("q", "user", "Hi"))) });
  const { answers } = view.model;
  answers.conversations = ({ query, archived }) => ({
    conversations: (archived ? archive : kept).filter((each) => each.title.toLowerCase().includes(query)),
    more: false,
    shown: "c1",
  });
  answers.open = ({ conversation }) => ({ shown: conversation });
  answers.new = () => ({ shown: "c9" });
  answers.rename = ({ title }) => ({ title });
  answers.archive = ({ conversation, archived }) => {
    const [from, to] = archived ? [kept, archive] : [archive, kept];
    const found = from.find((each) => each.id === conversation) as ConversationInfo;
    from.splice(from.indexOf(found), 1);
    to.push({ ...found, archived });
    return { shown: "c1" };
  };
  answers.erase = ({ conversation }) => {
    archive = archive.filter((each) => each.id !== conversation);
    return { shown: "c1" };
  };
  const shown = view.render();
  shown.button("More").click();
  await settled();
  (shown.find(".items .row") as HTMLButtonElement).click();
  await settled();
  return shown;
}

async function settled(): Promise<void> {
  await vi.advanceTimersByTimeAsync(200);
  await drawn();
}

const titles = (shown: Rendered) =>
  [...shown.root.querySelectorAll(".conversation-title")].map((each) => each.textContent);
const rows = (shown: Rendered) => [...shown.root.querySelectorAll<HTMLButtonElement>(".conversation-open")];
async function press(key: string, shown: Rendered, more: KeyboardEventInit = {}): Promise<void> {
  shown.focused?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));
  await settled();
}

describe("the drawer", () => {
  test("lists conversations, when they were used, what they cost, and which one answers", async () => {
    const shown = await opened();
    expect(titles(shown)).toEqual(["Ships", "Walruses", "analysis 3"]);
    expect(rows(shown).map((each) => each.querySelector("small")?.textContent)).toEqual([
      "2 hours ago · 4 messages · $0.02",
      "answeringjust now",
      "just now",
    ]);
    expect(rows(shown).map((each) => each.getAttribute("aria-current"))).toEqual(["true", null, null]);
    expect(shown.find(".snippet").textContent).toBe("… of walruses and …");
    expect(shown.focused?.className).toBe("drawer-search");
    expect(shown.find(".drawer [role=status]").textContent).toBe("3 conversations.");
  });

  test("finds by what is typed, and Enter opens the first", async () => {
    const shown = await opened();
    shown.type("wal", ".drawer-search");
    await settled();
    expect(titles(shown)).toEqual(["Walruses"]);
    await press("Enter", shown);
    expect(view.sent("open")).toMatchObject([{ conversation: "c2" }]);
    expect(shown.has(".drawer")).toBe(false);
  });

  test("is walked through by arrows, and letters go on in the search", async () => {
    const shown = await opened();
    await press("ArrowDown", shown);
    expect(shown.focused).toBe(rows(shown)[0]);
    await press("End", shown);
    expect(shown.focused).toBe(rows(shown)[2]);
    expect(rows(shown).map((each) => each.tabIndex)).toEqual([-1, -1, 0]);
    await press("x", shown);
    expect(shown.focused?.className).toBe("drawer-search");
    await press("ArrowDown", shown);
    await press("ArrowUp", shown);
    expect(shown.focused?.className).toBe("drawer-search");
  });

  test("F2 renames in place; Escape leaves the name, not the drawer", async () => {
    const shown = await opened();
    await press("ArrowDown", shown);
    await press("F2", shown);
    shown.type("Vessels", ".drawer .title-box");
    await press("Escape", shown);
    expect(view.sent("rename")).toEqual([]);
    expect(shown.focused).toBe(rows(shown)[0]);
    await press("F2", shown);
    shown.type(" Vessels ", ".drawer .title-box");
    await press("Enter", shown);
    expect(view.sent("rename")).toMatchObject([{ conversation: "c1", title: "Vessels" }]);
  });

  test("Delete puts one into the archive, from where Undo takes it back", async () => {
    const shown = await opened();
    await press("ArrowDown", shown);
    await press("ArrowDown", shown);
    await press("Delete", shown);
    expect(titles(shown)).toEqual(["Ships", "analysis 3"]);
    expect(shown.find(".undo").textContent).toBe("“Walruses” is in the archive.Undo");
    expect(shown.focused?.className).toBe("drawer-search");
    shown.button("Undo").click();
    await settled();
    expect(titles(shown)).toContain("Walruses");
    expect(shown.has(".undo")).toBe(false);
    expect(view.sent("archive").map((each) => (each as { archived: boolean }).archived)).toEqual([true, false]);
    expect(view.sent("open")).toEqual([]);
  });

  test("what was in view comes back into view", async () => {
    const shown = await opened();
    shown.button("Delete Ships").click();
    await settled();
    shown.button("Undo").click();
    await settled();
    expect(view.sent("open")).toMatchObject([{ conversation: "c1" }]);
  });

  test("a private one can be opened and renamed, and nothing else", async () => {
    const shown = await opened();
    expect(shown.buttons("Rename analysis 3").length).toBe(1);
    expect(shown.buttons("Delete analysis 3").length).toBe(0);
    rows(shown)[2]?.focus();
    await press("Delete", shown);
    expect(view.sent("archive")).toEqual([]);
  });

  test("in the archive one is brought back, or deleted for good in two steps", async () => {
    archive = [row("c7", "Old", { archived: true }), row("c8", "Older", { archived: true })];
    const shown = await opened();
    shown.button("Archive").click();
    await settled();
    expect(titles(shown)).toEqual(["Old", "Older"]);
    shown.button("Bring Old back").click();
    await settled();
    expect(titles(shown)).toEqual(["Older"]);
    shown.button("Delete Older for good").click();
    await settled();
    expect(view.sent("erase")).toEqual([]);
    shown.button("Delete for good").click();
    await settled();
    expect(view.sent("erase")).toMatchObject([{ conversation: "c8" }]);
    expect(shown.find(".drawer [role=status]").textContent).toBe("The archive is empty.");
  });

  test("begins a conversation, and what is typed next is for that", async () => {
    const shown = await opened();
    shown.button("New conversation").click();
    await settled();
    expect(view.sent("new").length).toBe(1);
    expect(shown.has(".drawer")).toBe(false);
    const state = { conversation: "c9", title: "analysis 4" };
    view.model.deliver({ op: "snapshot", snapshot: snapshot([], { generation: 7, seq: 1 }), state }); // after the reply
    await settled();
    await vi.waitFor(() => expect(shown.focused?.tagName).toBe("TEXTAREA"));
  });

  test("keeps the focus while it lies over the thread, and gives it back", async () => {
    const shown = await opened();
    await press("Tab", shown, { shiftKey: true });
    const stops = [...shown.root.querySelectorAll<HTMLElement>(".drawer button, .drawer input")];
    const able = stops.filter((stop) => stop.tabIndex >= 0);
    able.at(-1)?.focus();
    await press("Tab", shown);
    expect(shown.focused).toBe(able[0]);
    await press("Escape", shown);
    expect(shown.has(".drawer")).toBe(false);
    expect(shown.focused?.getAttribute("aria-label")).toBe("More");
  });

  test("opens in the view where it was asked for, not in the others of the model", async () => {
    const shown = await opened();
    const other = view.render();
    await settled();
    expect(other.has(".drawer")).toBe(false);
    other.button("More").click();
    await settled();
    (other.find(".items .row") as HTMLButtonElement).click();
    await settled();
    expect(other.focused?.className).toBe("drawer-search");
    expect(shown.has(".drawer")).toBe(false);
  });

  test("looks again while something is being answered, and no longer", async () => {
    await opened();
    const asked = view.sent("conversations").length;
    await vi.advanceTimersByTimeAsync(7_000);
    expect(view.sent("conversations").length).toBe(asked + 2);
    kept = kept.map((each) => ({ ...each, running: false }));
    await vi.advanceTimersByTimeAsync(4_000);
    const before = view.sent("conversations").length;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(view.sent("conversations").length).toBeLessThanOrEqual(before + 1);
  });

  test("says what could not be done, where it was asked", async () => {
    const shown = await opened();
    view.model.denied.open = { kind: "invalid", text: "This conversation is not there any more.", hint: "Perhaps." };
    rows(shown)[1]?.click();
    await settled();
    expect(shown.find(".undo.trouble").textContent).toBe("This conversation is not there any more. Perhaps.");
    expect(shown.has(".drawer")).toBe(true);
  });
});
