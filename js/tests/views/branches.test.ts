/** The switch between branches, and asking again: what is asked for, and where focus and scroll stay. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Message } from "../../src/wire/messages.ts";
import type { Event } from "../../src/wire/protocol.ts";
import { ANSWER } from "../harness/texts.ts";
import { line, message, snapshot } from "../support/messages.ts";
import { drawn, fakeTimers, type Rendered, TestView } from "../support/view.ts";

let view: TestView;
beforeEach(fakeTimers);
afterEach(() => {
  view.end();
  vi.useRealTimers();
});

const ids = ["q1a", "q1b", "q1c"];
const branch = (id: string, answer = "So."): Message[] =>
  line(message(id, "user", `Question ${id}`, { siblings: ids }), message(`answer to ${id}`, "assistant", answer));

function show(messages: Message[]): Rendered {
  view = new TestView({ snapshot: snapshot(messages) });
  return view.render();
}

describe("the switch", () => {
  test("says which of how many is shown, and asks for the one before or after it", () => {
    const shown = show(branch("q1b"));
    const group = shown.find(".branches");
    expect(group.getAttribute("aria-label")).toBe("Version 2 of 3 of this question");
    expect(group.textContent).toBe("2/3");
    shown.button("Previous version").click();
    shown.button("Next version").click();
    expect(view.sent("switch")).toEqual([
      { op: "switch", message: "q1a" },
      { op: "switch", message: "q1c" },
    ]);
  });

  test("stops at both ends, and is not there where a message is alone", () => {
    const shown = show(branch("q1a"));
    const back = shown.button("Previous version");
    expect(back.getAttribute("aria-disabled")).toBe("true");
    back.click();
    expect(view.sent("switch")).toEqual([]);
    expect(shown.root.querySelectorAll(".branches").length).toBe(1);
  });

  test("keeps the focus on the button that was pressed, in the message that takes the other's place", async () => {
    const other = show(branch("q1b"));
    const shown = view.render();
    await drawn();
    shown.button("Next version").focus();
    shown.button("Next version").click();
    view.model.deliver({ op: "snapshot", snapshot: snapshot(branch("q1c")) });
    await drawn();
    expect(shown.text).toContain("Question q1c");
    expect(shown.focused).toBe(shown.button("Next version"));
    expect(shown.focused?.getAttribute("aria-disabled")).toBe("true");
    expect(other.focused).toBe(null);
  });

  test("far up in a long branch, whose end comes first, is paged in, and no key goes to the host until then", async () => {
    const shown = show(branch("q1b"));
    await drawn();
    shown.button("Next version").focus();
    shown.button("Next version").click();
    expect(shown.focused).toBe(shown.find(".log"));
    const all = line(...branch("q1c"), message("q2", "user", "And?"), message("a2", "assistant", "So."));
    view.model.deliver({ op: "snapshot", snapshot: snapshot(all.slice(2), { more: true }) });
    await vi.waitFor(() => expect(view.sent("page")).toEqual([{ op: "page", before: "q2" }])); // once it is seen where it stands
    view.model.deliver({ op: "page", messages: all.slice(0, 2), more: false });
    await drawn();
    expect(shown.focused).toBe(shown.button("Next version"));
    expect(view.sent("page").length).toBe(1);
  });

  test("a branch that another view or a program chose takes no focus", async () => {
    const shown = show(branch("q1b"));
    await drawn();
    view.model.deliver({ op: "snapshot", snapshot: snapshot(branch("q1c")) });
    await drawn();
    expect(shown.text).toContain("Question q1c");
    expect(shown.focused).toBe(null);
  });

  test("stays where the reader looks, although the view followed the end", async () => {
    vi.useRealTimers();
    const shown = show(branch("q1b", "So."));
    const log = shown.find(".log");
    shown.button("Next version").click();
    view.model.deliver({ op: "snapshot", snapshot: snapshot(branch("q1c", ANSWER.repeat(3))) });
    await vi.waitFor(() => expect(log.scrollHeight).toBeGreaterThan(log.clientHeight + 300));
    await new Promise(requestAnimationFrame); // a ResizeObserver speaks after the frame's layout
    await new Promise(requestAnimationFrame);
    expect(log.scrollTop).toBe(0);
    expect(shown.has(".pill")).toBe(true);
  });

  test("is there once an edited question has its answer", async () => {
    const shown = show(branch("q1a"));
    const [q, a] = line(message("q1d", "user", "Other?"), message("a2", "assistant", "", { status: "streaming" }));
    const start = { type: "turn-start", turn: "t2", messages: [q, a], siblings: { q1d: [...ids, "q1d"] } };
    const end = { type: "turn-end", turn: "t2", message: { ...a, status: "complete" }, checksum: 0 };
    const deliver = (after: number, event: unknown) =>
      view.model.deliver({ op: "append", generation: 2, after, seq: after + 1, events: [event as Event] });
    deliver(0, start);
    await drawn();
    expect(shown.text).not.toContain("Question q1a");
    expect(shown.has(".branches")).toBe(false);
    deliver(1, end);
    await drawn();
    expect(shown.find(".branches").textContent).toBe("4/4");
  });
});

describe("asking again", () => {
  test("regenerate asks once under a client id, says so, and is off until it is seen", async () => {
    const shown = show(branch("q1a"));
    await drawn();
    shown.button("Regenerate").focus();
    shown.button("Regenerate").click();
    await drawn();
    const client_id = expect.stringMatching(/^[0-9a-f]{16}$/);
    expect(view.sent("regenerate")).toEqual([{ op: "regenerate", message: "answer to q1a", client_id }]);
    expect(shown.text).toContain("Asking for another answer…");
    expect(shown.button("Regenerate").disabled).toBe(true);
    expect(shown.focused).toBe(shown.find(".log"));
    view.begin("Why?");
    await drawn();
    expect(shown.text).not.toContain("Asking for another answer…");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(view.sent("regenerate").length).toBe(1);
  });

  test("another model can be picked for it", async () => {
    const shown = show(branch("q1a"));
    const models = ["a/one", "b/two"].map((id) => ({ id, name: id, context_length: null }));
    view.model.answers.models = { models, total: 2, error: null };
    shown.button("Regenerate with another model").click();
    await drawn();
    await drawn();
    (shown.root.querySelectorAll(".row")[1] as HTMLElement).click();
    await drawn();
    expect(view.sent("regenerate")).toMatchObject([{ message: "answer to q1a", model: "b/two" }]);
    expect(view.sent("model")).toEqual([]);
    expect(shown.has(".menu")).toBe(false);
  });

  test("without an answer from the kernel it is asked again under the same id, and refused visibly", async () => {
    const shown = show(branch("q1a"));
    shown.button("Regenerate").click();
    await vi.advanceTimersByTimeAsync(5_100);
    expect(shown.text).toContain("The kernel is busy or not connected");
    const [first, second] = view.sent("regenerate") as { client_id: string }[];
    expect(second).toEqual(first);
    const error = { kind: "config", text: "No such model.", hint: "" };
    view.model.deliver({ op: "refused", client_id: first?.client_id ?? "", error });
    await drawn();
    expect(shown.text).toContain("No such model.");
    expect(shown.button("Regenerate").disabled).toBe(false);
  });
});

describe("an answer that was cut", () => {
  const error = { kind: "network", text: "No connection.", hint: "Look at the cable." };
  const ending = (more: Partial<Message>, text = "Half an ans") =>
    line(message("q1", "user", "Why?"), message("a1", "assistant", text, { finish_reason: null, ...more }));
  const offered = (shown: Rendered) => [...shown.root.querySelectorAll(".plain")].map((each) => each.textContent);

  test("of which nothing came is retried, in its bubble", () => {
    const shown = show(ending({ status: "error", error }, ""));
    expect([...shown.find(".fault").querySelectorAll("button")].map((each) => each.textContent)).toEqual(["Retry"]);
    shown.button("Retry").click();
    expect(view.sent("resume")).toMatchObject([{ op: "resume", message: "a1" }]);
  });

  test("with a partial goes on or is asked for anew, in its bubble", () => {
    const shown = show(ending({ status: "interrupted", error }));
    const inside = [...shown.find(".fault").querySelectorAll("button")];
    expect(inside.map((each) => each.textContent)).toEqual(["Resume", "Regenerate"]);
    inside[1]?.click();
    expect(view.sent("regenerate")).toMatchObject([{ message: "a1" }]);
  });

  test.each([
    ["Resume", { status: "stopped" } as const],
    ["Continue", { status: "complete", finish_reason: "length" } as const],
  ])("without an error says %s beside how it ended", (name, more) => {
    const shown = show(ending(more));
    expect(offered(shown)).toEqual([name]);
    shown.button(name).click();
    expect(view.sent("resume")).toMatchObject([{ message: "a1" }]);
  });

  test("goes on only if it is the last one, and not while it does", async () => {
    const cut = ending({ status: "stopped" });
    const shown = show([...cut, ...line(message("q2", "user", "And?"), message("a2", "assistant", "So."))]);
    expect(offered(shown)).toEqual([]);
    view.end();
    const again = show(cut);
    again.button("Resume").click();
    const [question, answer] = cut as [Message, Message];
    view.model.deliver({
      op: "append",
      generation: 2,
      after: 0,
      seq: 2,
      events: [
        { type: "turn-start", turn: "t2", messages: [question, { ...answer, status: "streaming" }] },
        { type: "text-delta", text: "wer" },
      ],
    });
    await drawn();
    expect(offered(again)).toEqual([]);
    expect(again.root.querySelectorAll("article").length).toBe(2);
    expect(again.find(".markdown").textContent).toBe("Half an answer");
  });
});
