/** The thread: what it shows in each state, and what clicks ask for. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { crc32 } from "../../src/wire/crc32.ts";
import { ANSWER } from "../harness/texts.ts";
import { line, message, snapshot } from "../support/messages.ts";
import { TestView } from "../support/view.ts";

let view: TestView;
afterEach(() => view.end());

function many(count: number) {
  return line(
    ...Array.from({ length: count }, (_, n) => [
      message(`q${n}`, "user", `Question ${n}`),
      message(`a${n}`, "assistant", ANSWER),
    ]).flat(),
  );
}

describe("a thread", () => {
  test("shows an answer as it comes, in every view of the model alike", async () => {
    view = new TestView();
    const [one, two] = [view.render(), view.render()];
    view.begin("Why?");
    for (const piece of ["It is **", "bold** and\n", "\n```py", "\nx = 1\n```\n"]) {
      view.say(piece);
      await vi.waitFor(() => expect(one.text).not.toBe(""));
      expect(one.find(".log").innerHTML).toBe(two.find(".log").innerHTML);
    }
    view.finish(crc32("It is **bold** and\n\n```py\nx = 1\n```\n"));
    await vi.waitFor(() => expect(one.has(".footer")).toBe(true));
    expect(one.find(".markdown strong").textContent).toBe("bold");
    expect(one.find(".bubble").textContent).toBe("Why?");
    expect(two.find(".log").innerHTML).toBe(one.find(".log").innerHTML);
    expect(view.sent("hello")).toEqual([]);
  });

  test("shows a question as it was typed, markup and all", () => {
    view = new TestView({ snapshot: snapshot([message("q", "user", "**a** <b>\n  indented")]) });
    expect(view.render().find(".bubble").textContent).toBe("**a** <b>\n  indented");
  });

  test("folds reasoning, and remembers that it was opened", async () => {
    const parts = [
      { type: "reasoning" as const, text: "let me see", seconds: 4.2 },
      { type: "text" as const, text: "42" },
    ];
    view = new TestView({ snapshot: snapshot(line(message("q", "user", "?"), message("a", "assistant", parts))) });
    const shown = view.render();
    const fold = shown.find<HTMLDetailsElement>("details");
    expect(fold.open).toBe(false);
    expect(fold.textContent).toBe("Thought for 4 s");
    const toggled = new Promise((done) => fold.addEventListener("toggle", done));
    fold.querySelector("summary")?.click();
    await toggled;
    shown.end();
    expect(view.render().find<HTMLDetailsElement>("details").open).toBe(true);
  });

  test("says which parameters were left out of a request", () => {
    const answer = {
      ...message("a", "assistant", "42"),
      parameters: { temperature: null, seed: 7, stream_options: null },
    };
    view = new TestView({ snapshot: snapshot(line(message("q", "user", "?"), answer)) });
    const shown = view.render();
    expect(shown.find(".left-out").textContent).toBe("without temperature");
  });

  test("tells of retries and of waiting", async () => {
    view = new TestView();
    const shown = view.render();
    view.begin();
    view.append({ type: "retry", attempt: 2, delay: 3, reason: "The server is overloaded." });
    await vi.waitFor(() =>
      expect(shown.find(".state").textContent).toContain("The server is overloaded. Attempt 2 in 3 s."),
    );
    view.append({ type: "waiting", seconds: 12 });
    await vi.waitFor(() => expect(shown.find(".state").textContent).toContain("Waiting for the model, 12 s"));
    view.say("x");
    await vi.waitFor(() => expect(shown.find(".state").textContent).toBe("~1 tokens"));
  });

  test("shows errors as sentences with what to do, beside the partial answer", () => {
    const error = { kind: "network", text: "The connection was cut.", hint: "Ask again." };
    const answer = message("a", "assistant", "Half an ans", { status: "interrupted", error });
    view = new TestView({ snapshot: snapshot(line(message("q", "user", "?"), answer)) });
    const shown = view.render();
    expect(shown.find(".fault").textContent).toMatch(/^The connection was cut.Ask again./);
    expect(shown.find(".markdown").textContent).toBe("Half an ans");
  });

  test("has model, tokens and cost of each answer, unknown ones as a dash", () => {
    const usage = {
      input_tokens: 1204,
      cached_tokens: 1000,
      cache_write_tokens: null,
      output_tokens: null,
      reasoning_tokens: null,
      certainty: "estimated" as const,
    };
    const answer = message("a", "assistant", "x", {
      usage,
      cost: { text: "–", source: "" },
    });
    view = new TestView({ cost: "≥$0.12", snapshot: snapshot(line(message("q", "user", "?"), answer)) });
    const shown = view.render();
    const words = [...shown.find(".footer").children].map((node) => node.textContent);
    expect(words.filter(Boolean)).toEqual(["tiny", "~1,204 in · – out", "cost –"]);
    expect(shown.find(".totals").textContent).toContain("≥$0.12");
  });

  test("says nothing of usage and cost where nothing was sent", async () => {
    const usage = {
      input_tokens: 0,
      cached_tokens: null,
      cache_write_tokens: null,
      output_tokens: 0,
      reasoning_tokens: null,
    };
    const refused = message("a", "assistant", "", {
      status: "error",
      error: { kind: "budget", text: "Not sent.", hint: "" },
      usage: { ...usage, certainty: "reported" as const },
      cost: { text: "$0.00", source: "" },
    });
    view = new TestView({ snapshot: snapshot(line(message("q", "user", "?"), refused)) });
    expect(view.render().find(".footer").textContent).toBe("tiny");
  });

  test("pages older messages", async () => {
    const all = many(3);
    view = new TestView({ snapshot: snapshot(all.slice(4), { more: true }) });
    const shown = view.render();
    shown.button("Show earlier messages").click();
    expect(view.sent("page")).toEqual([{ op: "page", before: "q2" }]);
    view.model.deliver({ op: "page", messages: all.slice(0, 5), more: false });
    await vi.waitFor(() => expect(shown.root.querySelectorAll(".bubble").length).toBe(3));
    expect(shown.has(".earlier")).toBe(false);
  });

  test("offers what was found, and a click is the choice", () => {
    view = new TestView({
      notice: { kind: "info", text: "The demo model answers.", hint: "" },
      offers: [{ id: "openai", text: "Use OpenAI", detail: "key in OPENAI_API_KEY" }],
    });
    const shown = view.render();
    expect(shown.find(".notice").textContent).toBe("The demo model answers.");
    shown.find(".offers button").click();
    expect(view.sent("choose")).toEqual([{ op: "choose", offer: "openai" }]);
  });

  test("says to screen readers when an answer begins and ends, not every word", async () => {
    view = new TestView();
    const shown = view.render();
    expect(shown.find("[role=log]").getAttribute("aria-live")).toBe("off");
    view.begin();
    await vi.waitFor(() => expect(shown.find(".hidden[role=status]").textContent).toBe("Answering"));
    view.finish(0);
    await vi.waitFor(() => expect(shown.find(".hidden[role=status]").textContent).toBe("Answer complete"));
  });

  test("copies an answer and a code block, without navigator.clipboard too", async () => {
    const text = "Do:\n\n```py\nx = 1\n\ny = 2\n```\n";
    view = new TestView({ snapshot: snapshot(line(message("q", "user", "?"), message("a", "assistant", text))) });
    const shown = view.render();
    const written: string[] = [];
    const clipboard = vi
      .spyOn(navigator.clipboard, "writeText")
      .mockImplementation(async (copied) => void written.push(copied));
    shown.button("Copy answer").click();
    shown.find(".code [data-do=copy]").click();
    await vi.waitFor(() => expect(shown.find(".code [data-do=copy]").textContent).toBe("Copied"));
    await vi.waitFor(() => expect(shown.has(".footer [aria-label='Copied']")).toBe(true));
    expect(written).toEqual([text, "x = 1\n\ny = 2"]);
    clipboard.mockRestore();
    const missing = vi.spyOn(navigator, "clipboard", "get").mockReturnValue(undefined as never);
    const command = vi.spyOn(document, "execCommand").mockImplementation(() => {
      written.push((document.activeElement as HTMLTextAreaElement).value);
      return true;
    });
    shown.find(".code [data-do=copy]").click();
    await vi.waitFor(() => expect(written.length).toBe(3));
    expect(written[2]).toBe("x = 1\n\ny = 2");
    missing.mockRestore();
    command.mockRestore();
  });
});
