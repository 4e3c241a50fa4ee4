/** Editing in place: questions, answers, what waits in the queue, the title. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Message } from "../../src/wire/messages.ts";
import { line, message, snapshot } from "../support/messages.ts";
import { drawn, fakeTimers, type Rendered, TestView } from "../support/view.ts";

let view: TestView;
beforeEach(fakeTimers);
afterEach(() => {
  view.end();
  vi.useRealTimers();
});

const BOX = ".editor textarea";
const pair: Message[] = line(message("q1", "user", "Why?"), message("a1", "assistant", "*Because.*"));

async function show(values: Record<string, unknown> = {}): Promise<Rendered> {
  view = new TestView({ snapshot: snapshot(pair), ...values });
  const shown = view.render();
  await drawn();
  return shown;
}

async function open(shown: Rendered, name: string): Promise<HTMLTextAreaElement> {
  shown.button(name).click();
  await drawn();
  return shown.find<HTMLTextAreaElement>(BOX);
}

describe("a question", () => {
  test("is edited where it stands, with the focus at its end, and sent as it was typed", async () => {
    const shown = await show();
    const box = await open(shown, "Edit question");
    expect(box.value).toBe("Why?");
    expect(shown.focused).toBe(box);
    expect(box.selectionStart).toBe(4);
    expect(shown.has(".bubble")).toBe(false);
    shown.type("  Why not?\n", BOX);
    await drawn();
    shown.button("Save & send").click();
    await drawn();
    expect(view.sent("edit")).toMatchObject([{ op: "edit", message: "q1", text: "  Why not?\n" }]);
    expect(shown.has(BOX)).toBe(false);
    expect(shown.focused).toBe(shown.find(".log"));
    expect(shown.find(".waiting").textContent).toContain("Why not?");
  });

  test.each([{ ctrlKey: true }, { metaKey: true }])(
    "is sent by %o and Enter; Enter alone breaks the line",
    async (held) => {
      const shown = await show();
      await open(shown, "Edit question");
      expect(shown.key("Enter", {}, BOX).defaultPrevented).toBe(false);
      expect(shown.key("Enter", { ...held, isComposing: true }, BOX).defaultPrevented).toBe(false);
      expect(view.sent("edit")).toEqual([]);
      shown.key("Enter", held, BOX);
      expect(view.sent("edit").length).toBe(1);
    },
  );

  test("Escape leaves it as it was; an empty one is not sent", async () => {
    const shown = await show();
    await open(shown, "Edit question");
    shown.type("   ", BOX);
    await drawn();
    expect(shown.button("Save & send").disabled).toBe(true);
    shown.key("Enter", { ctrlKey: true }, BOX);
    shown.key("Escape", {}, BOX);
    await drawn();
    expect(view.model.sent).toEqual([]);
    expect(shown.find(".bubble").textContent).toBe("Why?");
    await vi.waitFor(() => expect(shown.focused).toBe(shown.button("Edit question")));
    expect((await open(shown, "Edit question")).value).toBe("Why?");
  });

  test("survives a new view of the same model", async () => {
    const shown = await show();
    await open(shown, "Edit question");
    shown.type("half a thou", BOX);
    await drawn();
    shown.end();
    const again = view.render();
    await drawn();
    expect(again.find<HTMLTextAreaElement>(BOX).value).toBe("half a thou");
  });

  test("that is refused comes back into its box with the reason", async () => {
    const shown = await show();
    await open(shown, "Edit question");
    shown.type("Why not?", BOX);
    await drawn();
    shown.key("Enter", { ctrlKey: true }, BOX);
    const [sent] = view.sent("edit") as { client_id: string }[];
    const error = { kind: "config", text: "No such model.", hint: "" };
    view.model.deliver({ op: "refused", client_id: sent?.client_id ?? "", error });
    await drawn();
    expect(shown.find<HTMLTextAreaElement>(BOX).value).toBe("Why not?");
    expect(shown.text).toContain("No such model.");
  });

  test("that is edited while a turn runs is queued by the kernel, and shown as sent until then", async () => {
    const shown = await show({ status: "streaming" });
    view.begin("And?");
    await drawn();
    await open(shown, "Edit question");
    shown.type("Why not?", BOX);
    await drawn();
    shown.key("Enter", { ctrlKey: true }, BOX);
    const [sent] = view.sent("edit") as { client_id: string }[];
    view.model.deliver({ op: "sent", client_id: sent?.client_id ?? "", turn: "t9" });
    view.model.set("queue", [{ turn: "t9", text: "Why not?" }]);
    await drawn();
    expect(shown.root.querySelectorAll(".waiting").length).toBe(1);
  });
});

describe("an answer", () => {
  test("is replaced by hand: asked for once, since nothing is paid for it twice", async () => {
    const shown = await show();
    const box = await open(shown, "Edit answer");
    expect(box.value).toBe("*Because.*");
    shown.type("Because I say so.", BOX);
    await drawn();
    shown.button("Save").click();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(view.sent("edit")).toMatchObject([{ message: "a1", text: "Because I say so." }]);
    const other = message("a2", "assistant", "Because I say so.", { model: null, siblings: ["a1", "a2"] });
    view.model.deliver({ op: "snapshot", snapshot: snapshot(line(pair[0] as Message, other)) });
    await drawn();
    expect(shown.find(".footer").textContent).toContain("2/2edited by hand");
    expect(shown.has(".waiting")).toBe(false);
  });
});

describe("the queue", () => {
  const queue = [
    { turn: "t2", text: "second" },
    { turn: "t3", text: "third" },
  ];

  test("a waiting question gets other words in its place", async () => {
    const shown = await show({ status: "streaming", queue });
    const [first] = shown.buttons("Edit queued question");
    first?.click();
    await drawn();
    shown.type("second thought", BOX);
    await drawn();
    shown.button("Save").click();
    expect(view.sent("requeue")).toEqual([{ op: "requeue", turn: "t2", text: "second thought" }]);
  });

  test("words typed into one whose turn has begun meanwhile are not lost", async () => {
    const shown = await show({ status: "streaming", queue });
    await open(shown, "Edit queued question");
    shown.type("second thought", BOX);
    await drawn();
    view.model.set("queue", queue.slice(1));
    await drawn();
    expect(shown.text).toContain("This question has been sent meanwhile.");
    shown.end();
    const moved = view.render();
    await drawn();
    expect(moved.find<HTMLTextAreaElement>(BOX).value).toBe("second thought");
    moved.button("Ask next").click();
    await drawn();
    expect(view.sent("requeue")).toEqual([]);
    expect(view.sent("send")).toMatchObject([{ text: "second thought" }]);
    expect(moved.has(BOX)).toBe(false);
  });
});

describe("the title", () => {
  const box = ".title-box";
  const write = (shown: Rendered, text: string) => {
    shown.find<HTMLInputElement>(box).value = text;
  };

  test("is a text box after a click; Enter saves it and gives the focus back", async () => {
    const shown = await show();
    shown.button("notes").click();
    await drawn();
    expect(shown.focused).toBe(shown.find(box));
    write(shown, "  Sales by region ");
    shown.key("Enter", {}, box);
    await drawn();
    expect(view.sent("title")).toEqual([{ op: "title", title: "Sales by region" }]);
    expect(shown.focused).toBe(shown.button("notes"));
    view.model.set("title", "Sales by region");
    await drawn();
    expect(shown.find("h2").textContent).toBe("Sales by region");
  });

  test("Escape leaves it; going elsewhere keeps what was typed; nothing is sent of an empty or an unchanged one", async () => {
    const shown = await show();
    for (const [text, leave] of [
      ["x", () => shown.key("Escape", {}, box)],
      ["  ", () => shown.key("Enter", {}, box)],
      ["notes", () => shown.key("Enter", {}, box)],
      ["kept", () => shown.find(".composer textarea").focus()],
    ] as const) {
      shown.find(".title-button").click();
      await drawn();
      write(shown, text);
      leave();
      await drawn();
      expect(shown.has(box)).toBe(false);
    }
    expect(view.sent("title")).toEqual([{ op: "title", title: "kept" }]);
  });
});

describe("a private conversation", () => {
  test("shows the words of a question that waits to the page where they were typed, and to no other", async () => {
    const shown = await show({ private: true, status: "streaming" });
    view.begin("And?");
    await drawn();
    shown.type("my secret");
    await drawn();
    shown.key("Enter");
    const [sent] = view.sent("send") as { client_id: string }[];
    view.model.deliver({ op: "sent", client_id: sent?.client_id ?? "", turn: "t9" });
    const queue = ["t9", "t10"].map((turn) => ({ turn, text: "" }));
    view.model.set("queue", queue);
    await drawn();
    const bubbles = [...shown.root.querySelectorAll(".waiting .bubble")].map((each) => each.textContent);
    expect(bubbles).toEqual(["my secret", "A private question"]);
    expect(shown.buttons("Edit queued question").length).toBe(1);
    expect(shown.buttons("Remove from the queue").length).toBe(2);
  });

  test("says so, and leaves nothing in the model that a notebook would save", async () => {
    const shown = await show({ private: true });
    expect(shown.find(".private").textContent).toBe("private: nothing is saved");
    view.begin("And?");
    view.say("Secret");
    await vi.advanceTimersByTimeAsync(20_000);
    expect(shown.text).toContain("Secret");
    expect(view.model.values.snapshot).toMatchObject({ generation: 0, messages: [] });
    view.end();
    expect((await show()).has(".private")).toBe(false);
  });
});
