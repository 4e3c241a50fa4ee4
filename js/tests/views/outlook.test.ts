/** What the next question will come to, how full the context is, and the choice when it is too long. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { shortCount } from "../../src/views/format.ts";
import type { Message } from "../../src/wire/messages.ts";
import type { Outlook } from "../../src/wire/traits.ts";
import { line, message, snapshot } from "../support/messages.ts";
import { drawn, fakeTimers, type Rendered, TestView } from "../support/view.ts";

const OUTLOOK: Outlook = {
  tokens: 4_100,
  estimated: true,
  price: "~$0.0031",
  answer: "about 500",
  length: 10_000,
  kept: 0,
  first: null,
  omitted: 0,
};

let view: TestView;

beforeEach(fakeTimers);

afterEach(() => {
  (view as TestView | undefined)?.end();
  vi.useRealTimers();
});

async function shown(outlook: Partial<Outlook> | null, messages: Message[] = [], kind = "thread"): Promise<Rendered> {
  const all = outlook && { ...OUTLOOK, ...outlook };
  view = new TestView({ kind, outlook: all, snapshot: snapshot(line(...messages)) });
  const rendered = view.render();
  await drawn();
  return rendered;
}

describe("beside the composer", () => {
  test("stands what the next question will cost, as the kernel says it, and that the draft is not in it", async () => {
    const thread = await shown({});
    expect(thread.find(".next .price [aria-hidden]").textContent).toBe("Next: ~$0.0031 · ~4.1k tokens");
    expect(thread.find(".next .price").title).toContain("what you type is not yet.");
    expect(thread.find(".next .price .hidden").textContent).toContain("about 500 out");
  });

  test("an unknown price leaves the tokens, and reported ones carry no mark", async () => {
    const thread = await shown({ price: null, estimated: false });
    expect(thread.find(".next .price [aria-hidden]").textContent).toBe("Next: 4.1k tokens");
    expect(thread.find(".next .price").title).toContain("Nobody knows its price.");
  });

  test("nothing stands there before the first question, and nothing in a turn's view", async () => {
    expect((await shown({ tokens: 0 })).has(".next")).toBe(false);
    view.end();
    expect((await shown(null, [], "turn")).has(".next")).toBe(false);
  });

  test("it follows the kernel's figures and asks for nothing", async () => {
    const thread = await shown({});
    view.model.set("outlook", { ...OUTLOOK, tokens: 9_000, price: "~$0.02" });
    await drawn();
    expect(thread.find(".next").textContent).toContain("~$0.02 · ~9k tokens");
    thread.type("a long thought");
    await vi.advanceTimersByTimeAsync(10_000);
    expect(view.model.sent).toEqual([]);
  });
});

describe("the gauge", () => {
  test.each([
    [4_100, "gauge ", "~41 % of 10k"],
    [8_000, "gauge nearly", "~80 % of 10k · nearly full"],
    [12_000, "gauge full", "~120 % of 10k · full"],
    [20, "gauge ", "<1 % of 10k"],
  ])("%i of 10,000 tokens", async (tokens, look, text) => {
    const thread = await shown({ tokens });
    expect(thread.find(".gauge").className).toBe(look);
    expect(thread.find(".gauge > [aria-hidden]").textContent).toBe(text);
    const meter = thread.find("[role=meter]");
    expect(meter.getAttribute("aria-label")).toBe("Context used");
    expect(Number(meter.getAttribute("aria-valuenow"))).toBe(Math.min(tokens, 10_000));
    expect(meter.getAttribute("aria-valuetext")).toContain(`~${tokens.toLocaleString("en-US")} of 10,000 tokens`);
  });

  test("is full where nothing more is sent: what max_tokens keeps for the answer is not in it, and it says so", async () => {
    const thread = await shown({ tokens: 9_000, kept: 1_000 });
    expect(thread.find(".gauge").className).toBe("gauge full");
    expect(thread.find(".gauge > [aria-hidden]").textContent).toBe("~100 % of 9k · full");
    expect(thread.find(".gauge").title).toContain("It can read 10,000; max_tokens keeps 1,000 of them for the answer.");
    expect(thread.find("[role=meter]").getAttribute("aria-valuemax")).toBe("9000");
  });

  test("is not there where nobody knows the length", async () => {
    expect((await shown({ length: null })).has(".gauge")).toBe(false);
  });
});

const HISTORY = [
  message("q1", "user", "one"),
  message("a1", "assistant", "first"),
  message("q2", "user", "two"),
  message("a2", "assistant", "second", { omitted: 2 }),
];

test("a mark stands where the history that is sent begins, and the answer says what it was not given", async () => {
  const thread = await shown({ first: "q2", omitted: 2 }, HISTORY);
  const mark = thread.find(".sent-mark");
  expect(mark.textContent).toBe("↑ 2 messages above are not sent to the model");
  expect(mark.nextElementSibling?.textContent).toContain("two");
  expect(thread.find(".footer .unsent-note").textContent).toBe("2 earlier messages not sent");
  view.end();
  const all = await shown({ omitted: 4 }, HISTORY);
  expect(all.find(".sent-mark").previousElementSibling?.textContent).toContain("second");
  view.end();
  expect((await shown({}, HISTORY)).has(".sent-mark")).toBe(false);
});

describe("a conversation that is too long", () => {
  const error = { kind: "context_length", text: "Too long.", hint: "" };
  const failed = message("a2", "assistant", "", { status: "error", error });

  test("can go on without its oldest messages, or without any", async () => {
    const thread = await shown({}, [...HISTORY.slice(0, 3), failed]);
    expect(thread.buttons("Retry")).toEqual([]);
    thread.button("Drop the oldest messages").click();
    await drawn();
    expect(view.sent("resume")).toMatchObject([{ message: "a2", drop: true }]);
    expect(thread.button("Ask without the history").disabled).toBe(true);
    view.end();
    const again = await shown({}, [...HISTORY.slice(0, 3), failed]);
    again.button("Ask without the history").click();
    await drawn();
    expect(view.sent("alone")).toMatchObject([{ message: "a2" }]);
    expect(again.find(".waiting").textContent).toContain("two");
  });

  test("a question that is too long alone can only be tried again", async () => {
    const thread = await shown({}, [message("q1", "user", "one"), { ...failed, id: "a1" }]);
    expect(thread.buttons("Drop the oldest messages")).toEqual([]);
    expect(thread.buttons("Retry").length).toBe(1);
  });
});

test.each([
  [0, "0"],
  [999, "999"],
  [1_000, "1k"],
  [4_149, "4.1k"],
  [128_000, "128k"],
  [999_499, "999k"],
  [999_500, "1M"],
  [1_048_576, "1M"],
  [2_500_000, "2.5M"],
])("%i is written %s", (count, text) => {
  expect(shortCount(count)).toBe(text);
});
