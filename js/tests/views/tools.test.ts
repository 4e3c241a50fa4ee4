/** Tool calls: cards with arguments and results, shown as they are, whatever a model wrote. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { pieces } from "../../src/views/exact.tsx";
import { layOut } from "../../src/views/lay_out.ts";
import { pairResults } from "../../src/views/tools.tsx";
import type { Part } from "../../src/wire/messages.ts";
import { line, message, snapshot } from "../support/messages.ts";
import { drawn, fakeTimers, type Rendered, TestView } from "../support/view.ts";

let view: TestView;
beforeEach(fakeTimers);
afterEach(() => {
  view?.end();
  vi.useRealTimers();
});

const call = (id: string, name = "search", args = "{}"): Part => ({ type: "tool-call", id, name, arguments: args });
const result = (call_id: string, text = "found", error = false): Part => ({
  type: "tool-result",
  call_id,
  text,
  ...(error ? { error } : {}),
});
const text = (written: string): Part => ({ type: "text", text: written });

function show(parts: Part[], more = {}): Rendered {
  view = new TestView({ snapshot: snapshot(line(message("q", "user", "?"), message("a", "assistant", parts, more))) });
  return view.render();
}

/** What every card says, opened. */
async function cards(shown: Rendered): Promise<string[]> {
  for (const summary of shown.root.querySelectorAll<HTMLElement>(".tool summary")) summary.click();
  await drawn();
  return [...shown.root.querySelectorAll(".tool")].map((card) => card.textContent ?? "");
}

describe("cards", () => {
  test("hold the arguments and the result of their own call, and stand where the call does", async () => {
    const shown = show([
      text("I look."),
      call("c1", "search", '{"for":"a"}'),
      call("c2", "read", "not json"),
      result("c2", "No such file.", true),
      result("c1", "12 hits"),
      text("Done."),
    ]);
    expect(await cards(shown)).toEqual([
      'search{"for":"a"}ArgumentsExact text{\n  "for": "a"\n}Result12 hits',
      "readnot jsonfailedArgumentsnot jsonFailedNo such file.",
    ]);
    expect([...shown.root.querySelectorAll(".markdown")].map((each) => each.textContent)).toEqual(["I look.", "Done."]);
    expect(shown.find(".tool").previousElementSibling?.textContent).toBe("I look.");
  });

  test("are folded at first, and remember that they were opened", async () => {
    const shown = show([call("c1"), result("c1")]);
    expect(shown.has(".exact")).toBe(false);
    await cards(shown);
    shown.end();
    expect(view.render().has(".exact")).toBe(true);
  });

  test("show the exact text at a click: that is what runs", async () => {
    const exact = '{"b" : 1.0,\t"a":[ ],"a":12345678901234567890}';
    const shown = show([call("c1", "search", exact), result("c1")]);
    await cards(shown);
    expect(shown.find(".exact").textContent).toBe('{\n  "b": 1.0,\n  "a": [],\n  "a": 12345678901234567890\n}');
    shown.button("Exact text").click();
    await drawn();
    expect(shown.find(".exact").textContent).toBe(exact);
    shown.button("Format").click();
    await drawn();
    expect(shown.find(".exact").textContent).toContain("\n");
  });

  test("say that a call runs, waits for consent, or came to nothing", async () => {
    view = new TestView();
    const shown = view.render();
    const ending = () => shown.find(".tool .ending").textContent;
    view.begin();
    view.append({ type: "tool-call-delta", index: 0, id: "c1", name: "search", arguments: "{}" });
    await drawn();
    expect(ending()).toBe("running…");
    view.model.set("approvals", [{ call: "c1", tool: "search", arguments: "{}" }]);
    await drawn();
    expect(ending()).toBe("waiting for you");
    view.model.set("approvals", []);
    view.append({ type: "tool-result", call_id: "c1", text: "12 hits" });
    await drawn();
    expect(ending()).toBe("");
    view.append({ type: "tool-call-delta", index: 1, id: "c2", name: "read", arguments: "{}" });
    view.finish(0, { status: "stopped" });
    await drawn();
    expect([...shown.root.querySelectorAll(".tool .ending")].map((each) => each.textContent)).toEqual([
      "",
      "no result",
    ]);
  });

  test("of calls that share an id, as some providers number them anew each round, take their results in order", () => {
    const parts = [call("0"), result("0", "one"), call("0"), result("0", "two"), call("0"), result("1")];
    expect([...pairResults(parts)]).toEqual([
      [0, 1],
      [2, 3],
    ]);
  });

  test("say that a call was not allowed, which is no failure", async () => {
    const denied = (call_id: string): Part => ({ ...result(call_id, "not run", true), denied: true }) as Part;
    const shown = show([call("c1", "remove"), denied("c1"), denied("c9")]);
    expect(await cards(shown)).toEqual(["remove{}not allowedArguments{}Not allowednot run"]);
    expect(shown.find(".ending").className).toBe("ending");
    shown.find(".aside:not(.tool) summary").click();
    await drawn();
    expect(shown.find(".aside:not(.tool)").textContent).toBe("A tool was not allowedResultnot run");
  });

  test("a result without its call is shown all the same", async () => {
    const shown = show([result("c9", "stray")]);
    shown.find("summary").click();
    await drawn();
    expect(shown.find(".aside").textContent).toBe("A tool's answerResultstray");
  });
});

describe("what cannot be seen", () => {
  test.each([
    ["a\u202eb", ["a", "U+202E", "b"]],
    ["\u200b\u200b\u2060", ["", "U+200B U+200B U+2060", ""]],
    ["x\u{e0041}\u{e0042}y", ["x", "U+E0041 U+E0042", "y"]],
    ["\u00a0\u3000\u2028", ["", "U+00A0 U+3000 U+2028", ""]],
    ["\x00\x1b[31m\r", ["", "U+0000 U+001B", "[31m", "U+000D", ""]],
    ["\ud800", ["", "U+D800", ""]],
    ["\u00ad\u034f\u115f\u3164\ufe0f\ufeff", ["", "U+00AD U+034F U+115F U+3164 U+FE0F U+FEFF", ""]],
    ["plain text,\n\ttabs and é 日本 👍", ["plain text,\n\ttabs and é 日本 👍"]],
    ["\u200b".repeat(500), ["", `${"U+200B ".repeat(8)}and 492 more`, ""]],
  ])("%j is written out", (written, seen) => {
    expect(pieces(written)).toEqual(seen);
  });

  test("is marked apart from text that only looks like a mark", async () => {
    const shown = show([call("c1", "run\u202e", "U+202E \u202e"), result("c1")]);
    await cards(shown);
    expect([...shown.root.querySelectorAll(".exact .unseen")].map((each) => each.textContent)).toEqual(["U+202E"]);
    expect(shown.find(".tool code .unseen").textContent).toBe("U+202E");
  });

  test("in great numbers is shown without an element each", async () => {
    const shown = show([call("c1", "run", "a\u200b".repeat(20_000))]);
    await cards(shown);
    expect(shown.find(".exact pre").childNodes.length).toBe(1);
    expect(shown.find(".exact").textContent).toMatch(/^a\[U\+200B\]a\[U\+200B\]/);
  });
});

describe("laying out JSON", () => {
  test("changes nothing but the space between tokens", () => {
    const values = [{ a: [1, [], {}, { b: 'x,{"\\\n' }], "": null, c: -1.5e300, d: "é\u202e" }, [[[]]], [true, false]];
    for (const value of values) {
      const laid = layOut(JSON.stringify(value)) as string;
      expect(JSON.parse(laid)).toEqual(value);
      expect(laid).toBe(JSON.stringify(value, null, 2));
    }
  });

  test.each(["", "3", '"text"', "null", "{", "{'a': 1}", '{"a":1} x', "[1,]"])("leaves %j alone", (other) => {
    expect(layOut(other)).toBe(null);
  });

  test("is not made to fill the memory by depth or length", () => {
    expect(layOut("[".repeat(5_000) + "]".repeat(5_000))).toBe(null);
    expect(layOut(`["${"x".repeat(200_000)}"]`)).toBe(null);
  });
});
