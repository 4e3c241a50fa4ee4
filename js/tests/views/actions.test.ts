/** The row of actions below a message: what it offers, what its buttons ask for, and what the line beside it says. */
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

function show(messages: Message[], values: Record<string, unknown> = {}): Rendered {
  view = new TestView({ snapshot: snapshot(messages), ...values });
  return view.render();
}

const pair = (more: Partial<Message> = {}) =>
  line(message("q1", "user", "Why?"), message("a1", "assistant", "Because.", more));

/** The names of all buttons of the message with this label, in order. */
function names(shown: Rendered, label: string): string[] {
  const last = [...shown.root.querySelectorAll(`article[aria-label="${label}"]`)].at(-1);
  return [...(last?.querySelectorAll("button") ?? [])].map((each) => each.getAttribute("aria-label") ?? "");
}

describe("what is offered", () => {
  test("every control of a message has a name, which is its tooltip too", () => {
    const shown = show(pair());
    expect(names(shown, "You")).toEqual([
      "Edit question",
      "Copy question",
      "Hide question from the model",
      "Delete question and its answers",
    ]);
    expect(names(shown, "Answer")).toEqual([
      "Copy answer",
      "Regenerate",
      "Regenerate with another model",
      "Edit answer",
      "How it was made",
      "Hide answer from the model",
      "Delete answer",
    ]);
    for (const button of shown.root.querySelectorAll("button.action"))
      expect(button.getAttribute("title")).toBe(button.getAttribute("aria-label"));
  });

  test("the row is seen where the pointer or the focus is, and at the last answer; the keyboard reaches it always", async () => {
    const [q1, a1, q2, a2] = [...pair(), message("q2", "user", "And?"), message("a2", "assistant", "So.")] as [
      Message,
      Message,
      Message,
      Message,
    ];
    const shown = show(line(q1, a1, q2, a2));
    await drawn();
    const rows = [...shown.root.querySelectorAll<HTMLElement>(".actions")];
    const seen = () => rows.map((row) => getComputedStyle(row).opacity);
    expect(seen()).toEqual(["0", "0", "0", "1"]);
    shown.button("Copy question").focus();
    expect(shown.focused).toBe(shown.button("Copy question"));
    expect(seen()).toEqual(["1", "0", "0", "1"]);
  });

  test("a row is one stop of the Tab key; arrows go along it, around its ends and past what is off", async () => {
    const shown = show(pair());
    await drawn();
    const stops = () =>
      [...shown.root.querySelectorAll<HTMLElement>("article button")].filter((each) => each.tabIndex === 0).map(name);
    const name = (each: Element) => each.getAttribute("aria-label");
    const press = async (key: string) => {
      shown.focused?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, composed: true }));
      await drawn();
      return name(shown.focused as Element);
    };
    expect(stops()).toEqual(["Edit question", "Copy answer"]);
    shown.button("Copy answer").focus();
    expect(await press("ArrowRight")).toBe("Regenerate");
    expect(await press("ArrowLeft")).toBe("Copy answer");
    expect(await press("ArrowLeft")).toBe("Delete answer");
    expect(stops()).toEqual(["Edit question", "Delete answer"]);
    expect(await press("ArrowRight")).toBe("Copy answer");
    view.model.set("queue", [{ turn: "t2", text: "Why?", kind: "regenerate", message: "a1" }]);
    await drawn();
    expect(await press("ArrowRight")).toBe("Edit answer");
  });

  test("of the running turn only the question can be copied; earlier messages keep theirs", async () => {
    const shown = show(pair());
    view.begin("And?");
    view.say("So");
    await drawn();
    expect(names(shown, "You")).toEqual(["Copy question"]);
    expect(names(shown, "Answer")).toEqual([]);
    expect(shown.buttons("Delete answer").length).toBe(1);
    expect(shown.buttons("Edit question").length).toBe(1);
  });
});

describe("what the buttons ask for", () => {
  test("hide asks to keep a message from the model, shows that it is, and asks for the opposite", async () => {
    const shown = show(pair());
    shown.button("Hide answer from the model").click();
    expect(view.sent("hide")).toEqual([{ op: "hide", message: "a1", hidden: true }]);
    view.model.deliver({ op: "snapshot", snapshot: snapshot(pair({ hidden: true })) });
    await drawn();
    expect(shown.find(".unsent-note").textContent).toBe("not sent to the model");
    expect(shown.find(".assistant").classList).toContain("unsent");
    shown.button("Show answer to the model").click();
    expect(view.sent("hide").at(-1)).toEqual({ op: "hide", message: "a1", hidden: false });
  });

  test("delete asks at once and keeps the focus in the view, where no key is a command of the host's", async () => {
    const shown = show(pair());
    await drawn();
    const button = shown.button("Delete question and its answers");
    button.focus();
    button.click();
    expect(view.sent("delete")).toEqual([{ op: "delete", message: "q1" }]);
    expect(shown.focused).toBe(shown.find(".log"));
  });

  test("a deletion can be taken back for ten seconds", async () => {
    const shown = show([...pair(), ...line(message("q2", "user", "And?"), message("a2", "assistant", "So."))]);
    view.model.deliver({ op: "deleted", messages: ["q1", "a1"] });
    await drawn();
    expect(shown.find(".undo").textContent).toBe("2 messages deleted.Undo");
    expect(shown.find(".undo").getAttribute("role")).toBe("status");
    expect(shown.text).not.toContain("Because.");
    shown.button("Undo").click();
    await drawn();
    expect(view.sent("restore")).toEqual([{ op: "restore", messages: ["q1", "a1"] }]);
    expect(shown.has(".undo")).toBe(false);
    view.model.deliver({ op: "deleted", messages: ["a2"] });
    await drawn();
    expect(shown.find(".undo").textContent).toBe("Message deleted.Undo");
    await vi.advanceTimersByTimeAsync(10_000);
    expect(shown.has(".undo")).toBe(false);
  });

  test("who deleted by keyboard is on Undo at once", async () => {
    const shown = show(pair());
    await drawn();
    shown.find(".log").focus(); // as after a key on the bin; after a click it would not be seen
    view.model.deliver({ op: "deleted", messages: ["a1"] });
    await drawn();
    expect(shown.focused?.textContent).toBe("Undo");
    shown.button("Undo").click();
    await drawn();
    expect(shown.focused).toBe(shown.find(".log"));
  });

  test("the offer to undo stays as long as the focus is on it, and ends with the next thing asked", async () => {
    const shown = show(pair());
    view.model.deliver({ op: "deleted", messages: ["a1"] });
    await drawn();
    shown.button("Undo").focus();
    await vi.advanceTimersByTimeAsync(30_000);
    expect(shown.has(".undo")).toBe(true);
    shown.button("Hide question from the model").click();
    await drawn();
    expect(shown.has(".undo")).toBe(false);
  });

  test("what came before and after a tool is copied as paragraphs", async () => {
    const call = { type: "tool-call", id: "c", name: "f", arguments: "{}" } as const;
    const [q1, a1] = pair() as [Message, Message];
    const parts = [{ type: "text", text: "I ask." }, call, { type: "text", text: "## So" }] as const;
    const write = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
    const shown = show([q1, { ...a1, parts: [...parts] }]);
    shown.button("Copy answer").click();
    await drawn();
    expect(write).toHaveBeenCalledWith("I ask.\n\n## So");
    write.mockRestore();
  });

  test("copy copies the text as it was written, and says so", async () => {
    const written: string[] = [];
    const clipboard = vi
      .spyOn(navigator.clipboard, "writeText")
      .mockImplementation(async (text) => void written.push(text));
    const shown = show(line(message("q1", "user", "**a** <b>"), message("a1", "assistant", "*x*")));
    shown.button("Copy question").click();
    shown.button("Copy answer").click();
    await drawn();
    expect(written).toEqual(["**a** <b>", "*x*"]);
    expect(shown.buttons("Copied").length).toBe(2);
    await vi.advanceTimersByTimeAsync(1_600);
    expect(shown.buttons("Copied").length).toBe(0);
    clipboard.mockRestore();
  });
});

describe("the line below an answer", () => {
  const usage = {
    input_tokens: 1204,
    cached_tokens: null,
    cache_write_tokens: null,
    output_tokens: 387,
    reasoning_tokens: null,
    certainty: "reported" as const,
  };

  test("says how fast it came", () => {
    const shown = show(pair({ usage, first_token_seconds: 0.42, seconds: 6.66 }));
    expect(shown.find(".pace").textContent).toBe("first token 0.4 s · 62 tokens/s");
  });

  test("says nothing of a pace that nobody knows", () => {
    expect(show(pair({ usage })).has(".pace")).toBe(false);
    view.end();
    expect(show(pair({ first_token_seconds: 0.01 })).find(".pace").textContent).toBe("first token <0.1 s");
    view.end();
    expect(show(pair({ first_token_seconds: 1.2, seconds: 1.2, usage })).find(".pace").textContent).toBe(
      "first token 1.2 s",
    );
  });

  test("names an answer that was written by hand", () => {
    expect(show(pair({ model: null })).find(".footer").textContent).toContain("edited by hand");
    view.end();
    expect(show(pair({ model: null, status: "stopped" })).find(".footer").textContent).not.toContain("by hand");
  });
});
