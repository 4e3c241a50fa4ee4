/** What outlives a view: shared by the views of a conversation, or handed from one that is gone to the next. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { registry } from "../../src/registry.ts";
import { line, message, snapshot } from "../support/messages.ts";
import { type Rendered, TestView } from "../support/view.ts";

const views: TestView[] = [];
beforeEach(() => registry().shelves.clear());
afterEach(() => {
  for (const each of views.splice(0)) each.end();
});

function open(conversation: string, values: Record<string, unknown> = {}): TestView {
  const parts = [
    { type: "reasoning" as const, text: "let me see", seconds: 4 },
    { type: "text" as const, text: "42" },
  ];
  const messages = line(message("q", "user", "Why?"), message("a", "assistant", parts));
  views.push(new TestView({ conversation, snapshot: snapshot(messages), ...values }));
  return views.at(-1) as TestView;
}

const draft = (shown: Rendered) => shown.find<HTMLTextAreaElement>(".composer textarea").value;

async function type(shown: Rendered, text: string) {
  shown.type(text);
  await vi.waitFor(() => expect(shown.button("Send").disabled).toBe(false));
  await new Promise(requestAnimationFrame); // effects follow a frame later
  await new Promise((done) => setTimeout(done));
}

async function unfold(shown: Rendered) {
  const fold = shown.find<HTMLDetailsElement>("details");
  const toggled = new Promise((done) => fold.addEventListener("toggle", done));
  fold.querySelector("summary")?.click();
  await toggled;
}

describe("what is kept of a conversation", () => {
  test("a cell that is run again has a new model, which takes up the draft", async () => {
    const old = open("c1").render();
    await type(old, "half a quest");
    old.end();
    const fresh = open("c1");
    expect(draft(fresh.render())).toBe("half a quest");
    expect(draft(open("c1").render())).toBe(""); // it is its own now
    expect(draft(open("c2").render())).toBe("");
  });

  test("two views that are there have a draft each", async () => {
    const [one, two] = [open("c1").render(), open("c1").render()];
    await type(one, "here");
    await type(two, "there");
    expect([draft(one), draft(two)]).toEqual(["here", "there"]);
    expect(draft(open("c1").render())).toBe("");
  });

  test("a draft waits while other views of the conversation come and go", async () => {
    const old = open("c1").render();
    await type(old, "half a quest");
    old.end();
    open("c1", { kind: "turn" }).render().end();
    expect(draft(open("c1").render())).toBe("half a quest");
  });

  test("an empty draft takes no other's place", async () => {
    const [one, two] = [open("c1").render(), open("c1").render()];
    await type(one, "here");
    one.end();
    two.end();
    expect(draft(open("c1").render())).toBe("here");
  });

  test("what is being edited goes over too", async () => {
    const old = open("c1").render();
    old.button("Edit question").click();
    await vi.waitFor(() => expect(old.has(".editor textarea")).toBe(true));
    old.type("Why not?", ".editor textarea");
    await vi.waitFor(() => expect(old.find<HTMLTextAreaElement>(".editor textarea").value).toBe("Why not?"));
    expect(open("c1").render().has(".editor")).toBe(false);
    old.end();
    expect(open("c1").render().find<HTMLTextAreaElement>(".editor textarea").value).toBe("Why not?");
  });

  test("sections that were opened are open in other views of the conversation", async () => {
    await unfold(open("c1", { kind: "turn" }).render());
    expect(open("c1").render().find<HTMLDetailsElement>("details").open).toBe(true);
    expect(open("c2").render().find<HTMLDetailsElement>("details").open).toBe(false);
  });

  test("a view that goes to another conversation has that one's draft, and its own when it comes back", async () => {
    const view = open("c1");
    const shown = view.render();
    await type(shown, "of the first");
    view.model.set("conversation", "c2");
    await vi.waitFor(() => expect(draft(shown)).toBe(""));
    await type(shown, "of the second");
    view.model.set("conversation", "c1");
    await vi.waitFor(() => expect(draft(shown)).toBe("of the first"));
    shown.end();
    expect(draft(open("c2").render())).toBe("of the second");
  });

  test("fifty conversations are remembered", async () => {
    await unfold(open("c0").render());
    for (let n = 1; n < 50; n++) await Promise.resolve(open(`c${n}`).render().end());
    expect(open("c0").render().find<HTMLDetailsElement>("details").open).toBe(true);
    for (let n = 50; n < 100; n++) await Promise.resolve(open(`c${n}`).render().end());
    expect(registry().shelves.size).toBe(50);
    expect(open("c0").render().find<HTMLDetailsElement>("details").open).toBe(false);
  });
});
