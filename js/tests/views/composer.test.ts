/** The composer, stopping and the queue: what people type and click becomes exactly one message to the kernel. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { line, message, snapshot } from "../support/messages.ts";
import { drawn, fakeTimers, TestView } from "../support/view.ts";

let view: TestView;

beforeEach(fakeTimers);

afterEach(() => {
  view.end();
  vi.useRealTimers();
});

describe("sending", () => {
  test("Enter sends the text once, byte for byte, and empties the box", async () => {
    view = new TestView();
    const shown = view.render();
    await drawn();
    shown.type("  what is `a\\b` {x}?\n");
    await drawn();
    expect(shown.key("Enter").defaultPrevented).toBe(true);
    await drawn();
    expect(view.sent("send")).toMatchObject([{ op: "send", text: "  what is `a\\b` {x}?\n" }]);
    expect(shown.find<HTMLTextAreaElement>("textarea").value).toBe("");
    expect(shown.text).toContain("what is `a\\b` {x}?");
  });

  test("Shift+Enter, an input method's Enter and an empty box send nothing", async () => {
    view = new TestView();
    const shown = view.render();
    await drawn();
    shown.key("Enter");
    shown.type("日本");
    await drawn();
    expect(shown.key("Enter", { shiftKey: true }).defaultPrevented).toBe(false);
    shown.key("Enter", { isComposing: true });
    shown.key("Enter", { keyCode: 229 } as KeyboardEventInit);
    expect(view.sent("send")).toEqual([]);
  });

  test("a question without an answer from the kernel is sent again under the same id, until its turn is seen", async () => {
    view = new TestView();
    const shown = view.render();
    await drawn();
    shown.type("Why?");
    await drawn();
    shown.button("Send").click();
    await vi.advanceTimersByTimeAsync(1_100);
    expect(shown.text).toContain("kernel is busy or not connected");
    await vi.advanceTimersByTimeAsync(4_000);
    const [first, second] = view.sent("send");
    expect(second).toEqual(first);
    view.begin("Why?");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(view.sent("send").length).toBe(2);
    expect(shown.has(".waiting")).toBe(false);
  });

  test("a refused question comes back into the box with the reason", async () => {
    view = new TestView();
    const shown = view.render();
    const other = view.render();
    await drawn();
    shown.type("Why?");
    await drawn();
    shown.key("Enter");
    const client = (view.sent("send")[0] as { client_id: string }).client_id;
    view.model.deliver({
      op: "refused",
      client_id: client,
      error: { kind: "config", text: "No such model.", hint: "Pick one." },
    });
    await drawn();
    expect(shown.find<HTMLTextAreaElement>("textarea").value).toBe("Why?");
    expect(other.find<HTMLTextAreaElement>("textarea").value).toBe("");
    expect(shown.find(".fault").textContent).toContain("No such model.");
    expect(shown.has(".waiting")).toBe(false);
  });

  test("where the kernel was restarted the words come back, and nothing promises to send them", async () => {
    view = new TestView({ status: "streaming" });
    const shown = view.render();
    view.begin();
    await drawn();
    view.model.onSend = () => {
      throw new Error("Cannot send");
    };
    shown.type("Why?");
    await drawn();
    shown.key("Enter");
    await drawn();
    expect(shown.find<HTMLTextAreaElement>("textarea").value).toBe("Why?");
    expect(shown.has(".waiting")).toBe(false);
    expect(shown.find(".notice, .kernel-line").textContent).toContain("has ended or was restarted");
    expect(shown.find(".notice, .kernel-line").getAttribute("role")).toBe("alert");
    const tries = view.model.sent.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(view.model.sent.length).toBe(tries);
    view.model.onSend = null;
    view.say("Because"); // it can be reached after all
    await drawn();
    expect(shown.has(".notice, .kernel-line")).toBe(false);
  });

  test("a refusal of what another page sent is not shown here", async () => {
    view = new TestView();
    const shown = view.render();
    view.model.deliver({ op: "refused", client_id: "other", error: { kind: "config", text: "No.", hint: "" } });
    await drawn();
    expect(shown.has(".fault")).toBe(false);
    view.model.deliver({ op: "refused", client_id: null, error: { kind: "config", text: "No such model.", hint: "" } });
    await drawn();
    expect(shown.find(".fault").textContent).toContain("No such model.");
  });

  test("the draft survives a new view of the same model", async () => {
    view = new TestView();
    const shown = view.render();
    await drawn();
    shown.type("half a thou");
    await drawn();
    shown.end();
    const again = view.render();
    await drawn();
    expect(again.find<HTMLTextAreaElement>("textarea").value).toBe("half a thou");
  });
});

describe("stopping", () => {
  test("Stop stands in Send's place while a turn runs, Escape does the same, and asks once", async () => {
    view = new TestView();
    const shown = view.render();
    view.begin();
    await drawn();
    expect(shown.has(".send")).toBe(false);
    shown.key("Escape");
    await drawn();
    expect(shown.button("Stop").disabled).toBe(true);
    shown.key("Escape");
    expect(view.sent("stop").length).toBe(1);
    view.finish(0, { status: "stopped" });
    await drawn();
    expect(shown.has(".stop")).toBe(false);
    expect(shown.text).toContain("stopped");
  });

  test("while a stopped request is read on for its usage the view says so, and a second Stop ends it", async () => {
    view = new TestView();
    const shown = view.render();
    view.begin();
    await drawn();
    shown.button("Stop").click();
    view.model.deliver({ op: "stopping", turn: "t1", counting: true });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(shown.text).toContain("Stopped. Waiting for what it used");
    expect(shown.button("Stop").disabled).toBe(false);
    shown.button("Stop").click();
    await drawn();
    expect(view.sent("stop")).toEqual([
      { op: "stop", turn: "t1" },
      { op: "stop", turn: "t1", at_once: true },
    ]);
    expect(shown.button("Stop").disabled).toBe(true);
    view.finish(0, { status: "stopped" });
    await drawn();
    expect(shown.has(".stop")).toBe(false);
  });

  test("after a second without an effect the view says why", async () => {
    view = new TestView();
    const shown = view.render();
    view.begin();
    await drawn();
    shown.button("Stop").click();
    await vi.advanceTimersByTimeAsync(900);
    expect(shown.text).not.toContain("Kernel busy");
    await vi.advanceTimersByTimeAsync(200);
    expect(shown.text).toContain("Kernel busy, will stop when the cell ends");
    view.finish(0, { status: "stopped" });
    await drawn();
    expect(shown.text).not.toContain("Kernel busy");
  });

  test("an acknowledged stop is on its way, not blocked", async () => {
    view = new TestView();
    const shown = view.render();
    view.begin();
    await drawn();
    shown.button("Stop").click();
    view.model.deliver({ op: "stopping", turn: "t1" });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(shown.text).toContain("Stopping…");
  });
});

describe("the queue", () => {
  test("text typed while a turn runs can be sent, waits visibly and can be removed", async () => {
    view = new TestView({ status: "streaming" });
    const shown = view.render();
    view.begin();
    await drawn();
    shown.type("next one");
    await drawn();
    shown.button("Send to the queue").click();
    const client = (view.sent("send")[0] as { client_id: string }).client_id;
    view.model.deliver({ op: "sent", client_id: client, turn: "t2" });
    view.model.set("queue", [{ turn: "t2", text: "next one" }]);
    await drawn();
    expect(shown.root.querySelectorAll(".waiting").length).toBe(1);
    shown.button("Remove from the queue").click();
    expect(view.sent("unqueue")).toEqual([{ op: "unqueue", turn: "t2" }]);
    view.model.set("queue", []);
    await drawn();
    expect(shown.has(".waiting")).toBe(false);
  });

  test("an answer that is to go on waits as that, and is no question that could be edited", async () => {
    const cut = line(message("q1", "user", "Why?"), message("a1", "assistant", "Half", { status: "stopped" }));
    view = new TestView({
      snapshot: snapshot(cut),
      queue: [{ turn: "t2", text: "Why?", kind: "resume", message: "a1" }],
    });
    const shown = view.render();
    await drawn();
    expect(shown.find(".waiting").textContent).toContain("The rest of its answer is queued");
    expect(shown.buttons("Edit queued question")).toEqual([]);
    expect(shown.button("Resume").disabled).toBe(true);
    shown.button("Remove from the queue").click();
    expect(view.sent("unqueue")).toEqual([{ op: "unqueue", turn: "t2" }]);
  });
});

describe("keys", () => {
  test("typed into a view never reach the host, which is told not to listen", async () => {
    view = new TestView();
    const shown = view.render();
    await drawn();
    expect(shown.host.dataset.lmSuppressShortcuts).toBe("true");
    const heard: string[] = [];
    const listen = (event: Event) => heard.push((event as KeyboardEvent).key);
    document.addEventListener("keydown", listen);
    for (const key of ["Enter", "Escape", "b", "d"]) shown.key(key, { ctrlKey: key === "b" });
    shown.key("d", {}, ".model");
    document.removeEventListener("keydown", listen);
    expect(heard).toEqual([]);
  });
});
