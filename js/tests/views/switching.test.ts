/** A view that comes to show another conversation: nothing of the one before is shown, sent there or saved in its place. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { registry } from "../../src/registry.ts";
import { loadExtras } from "../../src/views/lazy.tsx";
import { choose, text } from "../support/files.ts";
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

function shown(): Rendered {
  const messages = line(message("q1", "user", "Old question"), message("a1", "assistant", "Old answer"));
  view = new TestView({
    conversation: "old",
    title: "Old",
    snapshot: snapshot(messages, { continues: "continues “old”" }),
  });
  return view.render();
}

/** What the kernel sends when somebody opened another conversation in this view. */
async function turnTo(state: Record<string, unknown> = {}): Promise<void> {
  const messages = line(message("q2", "user", "New question"), message("a2", "assistant", "New answer"));
  view.model.deliver({
    op: "snapshot",
    snapshot: snapshot(messages, { generation: 7, seq: 1 }),
    state: { conversation: "new", title: "New", model: "lab/other", private: false, ...state },
  });
  await drawn();
}

test("its messages, title and model are there in one go", async () => {
  const page = shown();
  expect(page.text).toContain("continues “old”");
  await turnTo();
  expect(page.text).not.toMatch(/Old|continues/);
  expect(page.find(".title-button").textContent).toBe("New");
  expect(page.find(".model").textContent).toBe("other");
  expect([...page.root.querySelectorAll(".bubble")].map((each) => each.textContent)).toEqual(["New question"]);
});

test("each conversation has a draft of its own", async () => {
  const page = shown();
  page.type("for the old one");
  await drawn();
  await turnTo();
  expect(page.find<HTMLTextAreaElement>("textarea").value).toBe("");
  page.type("for the new one");
  await drawn();
  view.model.deliver({
    op: "snapshot",
    snapshot: snapshot([], { generation: 9, seq: 1 }),
    state: { conversation: "old" },
  });
  await drawn();
  expect(page.find<HTMLTextAreaElement>("textarea").value).toBe("for the old one");
});

/** And back again. */
async function turnBack(): Promise<void> {
  view.model.deliver({
    op: "snapshot",
    snapshot: snapshot([], { generation: 9, seq: 1 }),
    state: { conversation: "old", title: "Old" },
  });
  await drawn();
}

test("and a caret in it", async () => {
  const page = shown();
  const box = () => page.find<HTMLTextAreaElement>("textarea");
  page.type("for the old one");
  await drawn();
  box().setSelectionRange(4, 4);
  await turnTo();
  page.type("for the new one");
  await drawn();
  box().setSelectionRange(8, 8);
  await turnBack();
  expect(box().selectionStart).toBe(4);
});

test("earlier questions that the arrow keys lead to are those of the conversation that is shown", async () => {
  const page = shown();
  const box = () => page.find<HTMLTextAreaElement>("textarea");
  page.type("half a thought");
  await drawn();
  box().setSelectionRange(0, 0);
  page.key("ArrowUp");
  await drawn();
  expect(box().value).toBe("Old question");
  page.type("Old question, changed"); // what was typed before is the newest of the earlier ones now
  await turnTo();
  page.key("ArrowUp");
  await drawn();
  expect(box().value).toBe("New question");
});

test("what is attached to a question that nobody took comes back where it was written", async () => {
  const page = shown();
  choose(page, text("private.txt", "a"));
  await vi.waitFor(() => expect(page.find(".chip").textContent).toContain("1 B"));
  page.type("Why?");
  await drawn();
  page.key("Enter");
  await drawn();
  expect(view.sent("send")).toMatchObject([{ attachments: [{ name: "private.txt" }] }]);
  await turnTo();
  expect(page.has(".chip")).toBe(false);
  await turnBack();
  expect(page.find(".chip").textContent).toContain("private.txt");
  expect(page.find<HTMLTextAreaElement>("textarea").value).toBe("Why?");
});

test("a title that was being written is not given to another one", async () => {
  const page = shown();
  page.find(".title-button").click();
  await drawn();
  page.find(".title-box").focus();
  page.find<HTMLInputElement>(".title-box").value = "Mine";
  await turnTo();
  expect(page.find(".title-button").textContent).toBe("New");
  expect(view.sent("title")).toEqual([]);
});

test("a question says what it is meant for, and is not sent again into another one", async () => {
  const page = shown();
  page.type("Why?");
  await drawn();
  page.key("Enter");
  await drawn();
  expect(view.sent("send")).toMatchObject([{ text: "Why?", shown: "old" }]);
  await turnTo();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(view.sent("send").length).toBe(1);
  expect(page.has(".waiting")).toBe(false);
});

test("what was deleted or refused before is over", async () => {
  const page = shown();
  view.model.deliver({ op: "deleted", messages: ["q1", "a1"] });
  view.model.deliver({ op: "refused", client_id: null, error: { kind: "config", text: "No.", hint: "" } });
  await drawn();
  expect(page.text).toContain("2 messages deleted.No.".slice(0, 19));
  await turnTo();
  expect(page.has(".undo")).toBe(false);
  expect(page.text).not.toContain("No.");
});

test("what a notebook saves is the new one, and of a private one nothing", async () => {
  shown();
  await turnTo();
  await vi.advanceTimersByTimeAsync(100);
  expect(JSON.stringify(view.model.get("snapshot"))).toContain("New answer");
  view.model.deliver({
    op: "snapshot",
    snapshot: snapshot(line(message("q3", "user", "Secret")), { generation: 9, seq: 1 }),
    state: { conversation: "secret", title: "secret", private: true },
  });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(view.model.get("snapshot")).toMatchObject({ generation: 0, messages: [] });
});
