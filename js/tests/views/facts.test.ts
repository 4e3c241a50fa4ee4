/** How a message was made and how it ended: in a line, and all of it for who opens that. */
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Message } from "../../src/wire/messages.ts";
import { line, message, snapshot } from "../support/messages.ts";
import { type Rendered, TestView } from "../support/view.ts";

let view: TestView;
afterEach(() => view.end());

const usage = {
  input_tokens: 1204,
  cached_tokens: 1000,
  cache_write_tokens: null,
  output_tokens: 387,
  reasoning_tokens: 120,
  certainty: "reported" as const,
};

function show(more: Partial<Message>, values: Record<string, unknown> = {}): Rendered {
  const answer = message("a", "assistant", "42", { usage, ...more });
  view = new TestView({ snapshot: snapshot(line(message("q", "user", "?"), answer)), ...values });
  return view.render();
}

const rows = (shown: Rendered) => [...shown.root.querySelectorAll(".facts-list div")].map((row) => row.textContent);

describe("how a message was made", () => {
  const made = {
    model: "lab/org/tiny",
    cost: { text: "$0.0042", source: "provider" },
    first_token_seconds: 0.42,
    seconds: 4.29,
    parameters: { temperature: null, seed: 7 },
  };

  test("is a line, and behind a button all that is known", async () => {
    const shown = show(made);
    const line = [...shown.find(".footer").children].map((each) => each.textContent).filter(Boolean);
    expect(line).toEqual([
      "org/tiny",
      "1,204 in · 387 out",
      "$0.0042",
      "first token 0.4 s · 100 tokens/s",
      "without temperature",
    ]);
    const button = shown.button("How it was made");
    expect(button.getAttribute("aria-expanded")).toBe("false");
    button.focus();
    button.click(); // Enter and the space bar click it
    await vi.waitFor(() => expect(shown.has(".facts-list")).toBe(true));
    expect(shown.focused).toBe(button);
    expect(button.getAttribute("aria-expanded")).toBe("true");
    expect(rows(shown).slice(0, -1)).toEqual([
      "modellab/org/tiny",
      "temperaturenot sent; the provider refuses it for this model",
      "seed7",
      "input tokens1,204",
      "of which cached1,000",
      "output tokens387",
      "of which reasoning120",
      "countsreported",
      "cost$0.0042 (provider)",
      "first tokenafter 0.42 s",
      "pace100.0 tokens a second",
      "in all4.29 s",
      "endedstop",
    ]);
    button.click();
    await vi.waitFor(() => expect(shown.has(".facts-list")).toBe(false));
  });

  test("stays open in the next view", async () => {
    const shown = show(made, { kind: "turn" });
    shown.button("How it was made").click();
    await vi.waitFor(() => expect(shown.has(".facts-list")).toBe(true));
    shown.end();
    expect(view.render().has(".facts-list")).toBe(true);
  });

  test("fits 320 pixels", async () => {
    const shown = show({ ...made, model: `lab/${"a_long_name_".repeat(9)}` });
    shown.el.style.width = "320px";
    shown.button("How it was made").click();
    await vi.waitFor(() => expect(shown.has(".facts-list")).toBe(true));
    for (const node of shown.root.querySelectorAll(".facts-list, .facts-list *, .footer *"))
      expect(node.getBoundingClientRect().right).toBeLessThanOrEqual(shown.host.getBoundingClientRect().right);
  });
});

describe("an answer that ended early without an error", () => {
  const buttons = (shown: Rendered) =>
    [...shown.find(".fault").querySelectorAll("button")].map((each) => each.textContent);

  test("says that it reached its limit, what that means, and goes on", () => {
    const shown = show({ finish_reason: "length" });
    expect(shown.find(".fault").textContent).toContain("limit of output tokens");
    expect(shown.find(".fault .hint").textContent).toContain("max_tokens");
    expect(buttons(shown)).toEqual(["Continue"]);
  });

  test("says that a filter ended it, and can be asked for again", () => {
    const shown = show({ finish_reason: "content_filter" });
    expect(shown.find(".fault").textContent).toContain("content filter");
    expect(buttons(shown)).toEqual(["Regenerate"]);
    shown.find(".fault button").click();
    expect(view.sent("regenerate")).toMatchObject([{ message: "a" }]);
  });

  test("is told in two words once it is not the last one", () => {
    const cut = message("a", "assistant", "42", { finish_reason: "length" });
    const rest = [message("q2", "user", "And?"), message("a2", "assistant", "43")];
    const shown = show({}, { snapshot: snapshot(line(message("q", "user", "?"), cut, ...rest)) });
    expect(shown.has(".fault")).toBe(false);
    expect(shown.find(".ending").textContent).toBe("length limit reached");
  });
});

describe("the caret", () => {
  /** The elements that show one. */
  const carets = (shown: Rendered) =>
    [...shown.root.querySelectorAll(".markdown *")].filter(
      (each) =>
        getComputedStyle(each, "::after").content === '""' && getComputedStyle(each, "::after").width !== "auto",
    );

  test.each([
    ["a paragraph", "one\n\ntwo", "two"],
    ["a heading", "one\n\n## two", "two"],
    ["an item", "- one\n- two", "two"],
    ["an item of an item", "1. one\n   - two\n   - three", "three"],
    ["a paragraph of a quote", "> one\n>\n> two", "two"],
    ["a paragraph of a long text", `${"one\n\n".repeat(40)}two`, "two"],
    ["a heading of a long text", `${"one\n\n".repeat(40)}## two`, "two"],
    ["an item of an item of a long text", `${"one\n\n".repeat(40)}- one\n  - two`, "two"],
  ])("stands at the end of %s while it grows, once", async (_what, text, last) => {
    view = new TestView();
    const shown = view.render();
    view.begin();
    view.say(text);
    await vi.waitFor(() => expect(carets(shown).map((each) => each.textContent?.trim())).toEqual([last]));
    view.finish(0);
    await vi.waitFor(() => expect(carets(shown)).toEqual([]));
  });
});
