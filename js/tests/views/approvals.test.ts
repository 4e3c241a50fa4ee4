/** Consent to a tool call: what is shown before it, and that nothing but a click on a button gives it. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Part } from "../../src/wire/messages.ts";
import type { Approval } from "../../src/wire/traits.ts";
import { line, message, snapshot } from "../support/messages.ts";
import { drawn, fakeTimers, type Rendered, TestView } from "../support/view.ts";

let view: TestView;
beforeEach(fakeTimers);
afterEach(() => {
  view.end();
  vi.useRealTimers();
});

const asks = (call: string, args = '{"path":"/tmp/x"}', tool = "delete_file"): Approval => ({
  call,
  tool,
  arguments: args,
});

/** A running answer, and what it waits for. */
async function show(approvals: Approval[], kind = "thread"): Promise<Rendered> {
  const parts: Part[] = approvals.map((each) => ({ type: "tool-call", id: each.call, name: each.tool, arguments: "" }));
  const messages = line(message("q", "user", "?"), message("a", "assistant", parts, { status: "streaming" }));
  const running = snapshot(messages, { ended: false, seq: 2 });
  view = new TestView({ kind, conversation: "k1", status: "streaming", snapshot: running, approvals });
  const shown = view.render();
  await drawn();
  return shown;
}

/** A card takes clicks once it has stood for a moment. */
const settle = () => vi.advanceTimersByTimeAsync(600);

const buttons = (shown: Rendered) => [...shown.root.querySelectorAll<HTMLButtonElement>(".approval-buttons button")];

describe("a call that waits for consent", () => {
  test("is shown with its tool and the exact text of its arguments", async () => {
    const exact = '{"n":1.0,"n":2,  "t":"<b>&amp;"}';
    const shown = await show([asks("c1", exact)]);
    expect(shown.find(".approval-title").textContent).toBe("The model wants to run delete_file");
    expect(shown.find(".approval .exact").textContent).toBe(exact);
    shown.button("Format").click();
    await drawn();
    expect(shown.find(".approval .exact").textContent).toBe('{\n  "n": 1.0,\n  "n": 2,\n  "t": "<b>&amp;"\n}');
  });

  test.each([
    ["Allow once", "once"],
    ["Allow for this session", "session"],
    ["Deny", "deny"],
  ])("%s decides it, once, and its buttons are off until the kernel answers", async (name, decision) => {
    const shown = await show([asks("c1"), asks("c2")]);
    await settle();
    shown.button(name).click();
    await drawn();
    shown.button("Deny").click();
    expect(view.sent("approve")).toEqual([{ op: "approve", call: "c1", decision, shown: "k1" }]);
    const off = buttons(shown).map((each) => each.getAttribute("aria-disabled"));
    expect(off).toEqual(["true", "true", "true", "false", "false", "false"]);
    view.model.set("approvals", [asks("c2")]);
    await settle();
    expect(buttons(shown).map((each) => each.getAttribute("aria-disabled"))).toEqual(["false", "false", "false"]);
  });

  test("can be decided again if the decision was refused", async () => {
    const shown = await show([asks("c1")]);
    await settle();
    shown.button("Allow once").click();
    await drawn();
    view.model.deliver({ op: "refused", client_id: null, error: { kind: "state", text: "Not now.", hint: "" } });
    await drawn();
    shown.button("Deny").click();
    await drawn();
    shown.button("Deny").click();
    expect(view.sent("approve").length).toBe(2);
  });

  test("also in the turn's own view, and in no other one", async () => {
    const shown = await show([asks("c1")], "turn");
    expect(shown.has(".approval")).toBe(true);
    view.end();
    const over = snapshot(line(message("q", "user", "?"), message("a", "assistant", "So.")));
    view = new TestView({ kind: "turn", snapshot: over, approvals: [asks("c9")] });
    expect(view.render().has(".approval")).toBe(false);
  });

  test("leaves the model, whose state a saved notebook keeps, and goes when nothing waits any more", async () => {
    const shown = await show([asks("c1")]);
    expect(view.model.get("approvals")).toBe(null);
    view.model.set("approvals", [asks("c1"), asks("c2")]);
    await drawn();
    expect(view.model.get("approvals")).toBe(null);
    expect(shown.root.querySelectorAll(".approval").length).toBe(2);
    view.model.set("approvals", []);
    await drawn();
    expect(shown.has(".approval")).toBe(false);
  });

  test("is announced politely", async () => {
    const shown = await show([asks("c1")]);
    const said = shown.find(".hidden[role=status]");
    expect(said.textContent).toBe("Waiting for your decision: the model wants to run delete_file");
    expect(said.getAttribute("aria-live")).toBe("polite");
  });
});

describe("nothing else gives consent", () => {
  test("a card takes neither the focus nor a key: what is typed stays the composer's", async () => {
    const shown = await show([]);
    const box = shown.find<HTMLTextAreaElement>(".composer textarea");
    box.focus();
    view.model.set("approvals", [asks("c1")]);
    await settle();
    expect(shown.focused).toBe(box);
    for (const key of ["Enter", " ", "a", "y", "Escape"]) shown.key(key);
    for (const key of ["Enter", " ", "a", "y"]) shown.key(key, {}, ".log");
    expect(view.sent("approve")).toEqual([]);
  });

  test("a click in the moment in which a card appears, or another one moves into its place", async () => {
    const shown = await show([asks("c1"), asks("c2")]);
    shown.button("Allow once").click();
    expect(view.sent("approve")).toEqual([]);
    await settle();
    shown.button("Allow once").click();
    view.model.set("approvals", [asks("c2")]);
    await drawn();
    shown.button("Allow once").click(); // the second click of a double one
    expect(view.sent("approve")).toEqual([{ op: "approve", call: "c1", decision: "once", shown: "k1" }]);
  });

  test("but one at any time after it, although the kernel says the same again to every page that asks", async () => {
    const shown = await show([asks("c1"), asks("c2")]);
    await settle();
    view.model.set("approvals", [asks("c1"), asks("c2")]);
    await drawn();
    shown.button("Allow once").click();
    expect(view.sent("approve")).toEqual([{ op: "approve", call: "c1", decision: "once", shown: "k1" }]);
  });

  test("the focus stays among the cards after a click, and in the view after the last one", async () => {
    const shown = await show([asks("c1"), asks("c2")]);
    await settle();
    shown.button("Deny").focus();
    shown.button("Deny").click();
    expect(shown.focused).toBe(shown.find(".approvals"));
    view.model.set("approvals", [asks("c2")]);
    await drawn();
    expect(shown.focused).toBe(shown.find(".approvals"));
    view.model.set("approvals", []);
    await drawn();
    expect(shown.focused).toBe(shown.find(".log"));
  });
});

describe("hostile arguments", () => {
  const payloads = [
    "<script>globalThis.pwned = 1</script>",
    "<img src=x onerror='globalThis.pwned = 1'>",
    '</pre></section><button onclick="globalThis.pwned=1">Deny</button>',
    "[click](javascript:globalThis.pwned=1) ![x](https://evil.example/p.png)",
  ];

  test.each(payloads)("%j is text", async (payload) => {
    const shown = await show([asks("c1", payload, payload)]);
    expect(shown.find(".approval .exact").textContent).toBe(payload);
    expect(shown.find(".approval-title").textContent).toBe(`The model wants to run ${payload}`);
    expect(shown.root.querySelectorAll("script, img, a, [onclick], [onerror]").length).toBe(0);
    expect(buttons(shown).length).toBe(3);
    expect((globalThis as { pwned?: number }).pwned).toBeUndefined();
  });

  test("cannot turn the text around them, or hide in it", async () => {
    const shown = await show([asks("c1", '{"c":"rm -rf / \u202e# efas\u200b"}', "safe\u2066_tool")]);
    expect(shown.find(".approval .exact").textContent).toBe('{"c":"rm -rf / U+202E# efasU+200B"}');
    expect(shown.find(".approval-title").textContent).toBe("The model wants to run safeU+2066_tool");
    expect(shown.find(".hidden[role=status]").textContent).not.toContain("\u2066");
    const pre = shown.find(".approval pre");
    expect([getComputedStyle(pre).direction, getComputedStyle(pre).unicodeBidi]).toEqual(["ltr", "isolate"]);
  });

  test("of any length leave the buttons in sight, scroll by themselves, and are said to be long", async () => {
    const shown = await show([asks("c1", JSON.stringify({ text: "x\n".repeat(5_000) }))]);
    const box = shown.find(".approval .exact");
    expect(box.clientHeight).toBeLessThan(300);
    expect(box.scrollHeight).toBeGreaterThan(1_000);
    expect(box.tabIndex).toBe(0);
    expect(shown.find(".approval .hint").textContent).toBe("15,011 characters; scroll to see them all.");
  });
});
