/** The turn view: one answer below its cell. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { crc32 } from "../../src/wire/crc32.ts";
import type { Message } from "../../src/wire/messages.ts";
import { line, message, snapshot } from "../support/messages.ts";
import { TestView } from "../support/view.ts";

let view: TestView;
afterEach(() => view.end());

describe("a turn view", () => {
  test("shows the answer alone: the question stands in its cell", async () => {
    view = new TestView({ kind: "turn", status: "submitted", snapshot: snapshot([], { turn: "t1" }) });
    const shown = view.render();
    expect(shown.host.className).toBe("nbchat-live");
    view.begin("Why?");
    view.say("Because.");
    await vi.waitFor(() => expect(shown.find(".markdown").textContent).toBe("Because."));
    expect(shown.text).not.toContain("Why?");
    shown.button("Stop").focus();
    shown.button("Stop").click();
    expect(view.sent("stop").length).toBe(1);
    view.finish(crc32("Because."), { status: "stopped" });
    await vi.waitFor(() => expect(shown.has(".turn-actions")).toBe(false));
    expect(shown.focused).toBe(shown.find(".turn"));
  });

  test("says of a stored answer when it was given, until another one is shown", async () => {
    view = new TestView({ kind: "turn", status: "submitted", snapshot: snapshot([], { turn: "t1" }) });
    const shown = view.render();
    const given = line(message("q", "user", "Why?"), message("a", "assistant", "Because."));
    view.model.deliver({
      op: "snapshot",
      snapshot: snapshot(given, { generation: 2, turn: "t1", continues: "answered on Monday" }),
    });
    await vi.waitFor(() => expect(shown.find(".continues").textContent).toBe("answered on Monday"));
    await vi.waitFor(() => expect(view.model.get("snapshot")).toMatchObject({ continues: "answered on Monday" }));
    view.model.deliver({ op: "snapshot", snapshot: snapshot(given, { generation: 3, turn: "t2" }) });
    await vi.waitFor(() => expect(shown.has(".continues")).toBe(false));
  });

  test("counts what has come while it streams, by the provider's own count as soon as there is one", async () => {
    view = new TestView({ kind: "turn", status: "streaming", snapshot: snapshot([], { turn: "t1" }) });
    const shown = view.render();
    view.begin();
    view.say("x".repeat(410));
    await vi.waitFor(() => expect(shown.find(".state").textContent).toBe("~100 tokens"));
    const usage = { input_tokens: 7, output_tokens: 90, certainty: "reported" } as const;
    const rest = { cached_tokens: null, cache_write_tokens: null, reasoning_tokens: null };
    view.append({ type: "usage", usage: { ...usage, ...rest } });
    await vi.waitFor(() => expect(shown.find(".state").textContent).toBe("7 in · 90 out"));
  });

  test("stops on the control channel too, naming its turn, where the host has one", async () => {
    const sent: unknown[] = [];
    view = new TestView({ kind: "turn", status: "streaming", comm_id: "c1", snapshot: snapshot([], { turn: "t1" }) });
    const kernel = { clientId: "me", sendControlMessage: (...given: unknown[]) => sent.push(given) };
    Object.assign(view.model, { widget_manager: { kernel } });
    const shown = view.render();
    view.begin();
    view.say("Because");
    await vi.waitFor(() => expect(shown.text).toContain("Because"));
    shown.button("Stop").click();
    const stop = { op: "stop", turn: "t1" };
    expect(view.sent("stop")).toEqual([stop]);
    const content = { comm_id: "c1", data: { method: "custom", content: stop } };
    const header = expect.objectContaining({ msg_type: "comm_msg", session: "me" });
    expect(sent).toEqual([[expect.objectContaining({ header, content, channel: "control" }), false, true]]);
  });

  test("keeps the focus on Stop until the turn is over, and in the view then", async () => {
    view = new TestView({ kind: "turn", status: "streaming" });
    const shown = view.render();
    view.begin();
    await vi.waitFor(() => expect(shown.buttons("Stop").length).toBe(1));
    shown.button("Stop").focus();
    shown.button("Stop").click();
    await vi.waitFor(() => expect(shown.text).toContain("Stopping…"));
    expect(shown.focused).toBe(shown.button("Stop"));
    shown.button("Stop").click();
    expect(view.sent("stop").length).toBe(1);
    view.finish(0, { status: "stopped" });
    await vi.waitFor(() => expect(shown.buttons("Stop").length).toBe(0));
    expect(shown.focused).toBe(shown.find(".turn"));
  });

  test("says where it stands in the queue and can be taken out of it", async () => {
    const queue = [
      { turn: "t1", text: "one" },
      { turn: "t2", text: "two" },
    ];
    view = new TestView({ kind: "turn", status: "streaming", queue, snapshot: snapshot([], { turn: "t2" }) });
    const shown = view.render();
    expect(shown.text).toContain("Queued, 1 before it");
    shown.button("Remove").click();
    expect(view.sent("unqueue")).toEqual([{ op: "unqueue", turn: "t2" }]);
    view.model.set("queue", []);
    view.model.set("status", "idle");
    await vi.waitFor(() => expect(shown.text).toContain("This question was not sent."));
  });

  test("offers little below its cell: copy and asking again, no branches, nothing that changes the conversation", () => {
    const parts = line(
      message("q1", "user", "Why?", { siblings: ["q0", "q1"] }),
      message("a1", "assistant", "Because.", { siblings: ["a0", "a1"] }),
    );
    view = new TestView({ kind: "turn", snapshot: snapshot(parts) });
    const shown = view.render();
    const names = [...shown.root.querySelectorAll("button")].map((each) => each.getAttribute("aria-label"));
    expect(names).toEqual([
      "Copy answer",
      "Regenerate",
      "Regenerate with another model",
      "How it was made",
      "Show the conversation",
    ]);
  });

  test.each([
    ["Retry", "", { status: "error", error: { kind: "network", text: "No connection.", hint: "" } } as const],
    ["Resume", "Half", { status: "stopped" } as const],
    ["Continue", "Half", { finish_reason: "length" } as const],
  ])("offers %s, and goes on with the later turn that it is bound to", async (name, text, more) => {
    const cut = line(message("q1", "user", "Why?"), message("a1", "assistant", text, { finish_reason: null, ...more }));
    view = new TestView({ kind: "turn", snapshot: snapshot(cut, { turn: "t1", seq: 3 }) });
    const shown = view.render();
    shown.button(name).focus();
    shown.button(name).click();
    expect(view.sent("resume")).toMatchObject([{ op: "resume", message: "a1" }]);
    expect(shown.focused).toBe(shown.find(".turn"));
    view.model.set("status", "submitted");
    view.model.set("queue", [{ turn: "t2", text: "Why?" }]);
    await vi.waitFor(() => expect(shown.text).toContain("Queued, next"));
    view.model.set("queue", []);
    const [question, answer] = cut as [Message, Message];
    const going = [question, { ...answer, status: "streaming" as const, error: null }];
    view.model.deliver({
      op: "snapshot",
      snapshot: snapshot(going, { generation: 2, seq: 1, turn: "t2", ended: false }),
    });
    view.model.deliver({
      op: "append",
      generation: 2,
      after: 1,
      seq: 2,
      events: [{ type: "text-delta", text: " and whole" }],
    });
    await vi.waitFor(() => expect(shown.find(".markdown").textContent?.trim()).toBe(`${text} and whole`.trim()));
    expect(shown.root.querySelectorAll("article").length).toBe(1);
    expect(shown.button("Stop").disabled).toBe(false);
  });

  test.each(["turn", "thread"])("a %s hides the saved transcript below it, and only that", (kind) => {
    view = new TestView({ kind });
    const shown = view.render();
    const area = document.createElement("div");
    const child = (inside: string | HTMLElement) => {
      const output = document.createElement("div");
      output.className = "jp-OutputArea-child";
      output.append(inside);
      area.append(output);
      return output;
    };
    const before = child("printed");
    child(shown.el);
    const anchor = document.createElement("a");
    anchor.setAttribute("href", "#nbchat-transcript");
    const transcript = child(anchor);
    const other = child("other output");
    document.body.append(area);
    const shownAs = [before, transcript, other].map((node) => getComputedStyle(node).display);
    area.remove();
    expect(shownAs).toEqual(["block", "none", "block"]);
  });
});
