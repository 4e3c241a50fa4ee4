/** The thread and turn views: what they show in each state, and what clicks ask for. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { crc32 } from "../../src/wire/crc32.ts";
import type { Snapshot } from "../../src/wire/protocol.ts";
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
    expect(fold.textContent).toBe("Thought for 4 slet me see");
    const toggled = new Promise((done) => fold.addEventListener("toggle", done));
    fold.querySelector("summary")?.click();
    await toggled;
    shown.end();
    expect(view.render().find<HTMLDetailsElement>("details").open).toBe(true);
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
    await vi.waitFor(() => expect(shown.find(".state").textContent).toBe(""));
  });

  test("shows errors as sentences with what to do, beside the partial answer", () => {
    const error = { kind: "network", text: "The connection was cut.", hint: "Ask again." };
    const answer = message("a", "assistant", "Half an ans", { status: "interrupted", error });
    view = new TestView({ snapshot: snapshot(line(message("q", "user", "?"), answer)) });
    const shown = view.render();
    expect(shown.find(".fault").textContent).toBe("The connection was cut.Ask again.");
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
      cost: { amount: null, certainty: "unknown", source: "", currency: "USD" },
    });
    view = new TestView({ cost: "≥$0.12", snapshot: snapshot(line(message("q", "user", "?"), answer)) });
    const shown = view.render();
    expect([...shown.find(".footer").children].map((node) => node.textContent)).toEqual([
      "tiny",
      "~1,204 in · – out",
      "cost –",
      "Copy",
    ]);
    expect(shown.find(".totals").textContent).toContain("≥$0.12");
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

  test("lets a model be found and chosen by keyboard", async () => {
    view = new TestView();
    const shown = view.render();
    shown.find(".model").click();
    await vi.waitFor(() => expect(view.sent("models")).toEqual([{ op: "models" }]));
    const models = ["a/one", "b/two", "b/three"].map((id) => ({
      id,
      name: id.slice(2),
      context_length: null,
      price: null,
    }));
    view.model.deliver({ op: "models", models, error: null });
    await vi.waitFor(() => expect(shown.root.querySelectorAll(".row").length).toBe(3));
    const input = shown.find<HTMLInputElement>(".menu input");
    input.value = "b/";
    input.dispatchEvent(new InputEvent("input", { bubbles: true }));
    await vi.waitFor(() => expect(shown.root.querySelectorAll(".row").length).toBe(2));
    shown.key("ArrowDown", {}, ".menu input");
    await vi.waitFor(() => expect(shown.find(".row.active").textContent).toContain("three"));
    shown.key("Enter", {}, ".menu input");
    await vi.waitFor(() => expect(shown.has(".menu")).toBe(false));
    expect(view.sent("model")).toEqual([{ op: "model", model: "b/three" }]);
  });

  test("follows the end until the reader scrolls up, and a pill leads back", async () => {
    view = new TestView({ snapshot: snapshot(many(2)) });
    const shown = view.render();
    const log = shown.find(".log");
    const rest = () => log.scrollHeight - log.scrollTop - log.clientHeight;
    await vi.waitFor(() => expect(rest()).toBeLessThan(2));
    expect(log.scrollTop).toBeGreaterThan(100);
    log.scrollTop = 40;
    await vi.waitFor(() => expect(shown.has(".pill")).toBe(true));
    view.begin();
    view.say("more\n\n".repeat(40));
    await vi.waitFor(() => expect(shown.text).toContain("more"));
    expect(rest()).toBeGreaterThan(100);
    shown.button("Jump to latest").click();
    await vi.waitFor(() => expect(rest()).toBeLessThan(2));
    view.say("and more\n\n".repeat(40));
    await vi.waitFor(() => expect(shown.text).toContain("and more"));
    await vi.waitFor(() => expect(rest()).toBeLessThan(2));
    expect(shown.has(".pill")).toBe(false);
  });

  test("keeps the reader's place while a host takes the view off the page", async () => {
    view = new TestView({ snapshot: snapshot(many(2)) });
    const shown = view.render();
    const log = shown.find(".log");
    await vi.waitFor(() => expect(log.scrollTop).toBeGreaterThan(100));
    log.scrollTop = 60;
    await vi.waitFor(() => expect(shown.has(".pill")).toBe(true));
    shown.el.style.display = "none";
    await vi.waitFor(() => expect(log.clientHeight).toBe(0));
    await new Promise(requestAnimationFrame); // a ResizeObserver speaks after the frame's layout
    await new Promise(requestAnimationFrame);
    shown.el.style.display = "";
    await vi.waitFor(() => expect(log.scrollTop).toBe(60));
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
    shown.find(".footer .copy").click();
    shown.find(".code .copy").click();
    await vi.waitFor(() => expect(shown.find(".code .copy").textContent).toBe("Copied"));
    expect(written).toEqual([text, "x = 1\n\ny = 2"]);
    clipboard.mockRestore();
    const missing = vi.spyOn(navigator, "clipboard", "get").mockReturnValue(undefined as never);
    const command = vi.spyOn(document, "execCommand").mockImplementation(() => {
      written.push((document.activeElement as HTMLTextAreaElement).value);
      return true;
    });
    shown.find(".code .copy").click();
    await vi.waitFor(() => expect(written.length).toBe(3));
    expect(written[2]).toBe("x = 1\n\ny = 2");
    missing.mockRestore();
    command.mockRestore();
  });
});

describe("a turn view", () => {
  test("shows the answer alone: the question stands in its cell", async () => {
    view = new TestView({ kind: "turn", status: "submitted", snapshot: snapshot([], { turn: "t1" }) });
    const shown = view.render();
    expect(shown.host.className).toBe("nbchat-live");
    view.begin("Why?");
    view.say("Because.");
    await vi.waitFor(() => expect(shown.find(".markdown").textContent).toBe("Because."));
    expect(shown.text).not.toContain("Why?");
    shown.button("Stop").click();
    expect(view.sent("stop").length).toBe(1);
    view.finish(crc32("Because."), { status: "stopped" });
    await vi.waitFor(() => expect(shown.has(".turn-actions")).toBe(false));
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

  test("hides the saved transcript below it, and only that", () => {
    view = new TestView({ kind: "turn" });
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

describe("the page around it", () => {
  test("light or dark follows the host", async () => {
    document.body.dataset.jpThemeLight = "true";
    view = new TestView();
    const shown = view.render();
    const ground = () => getComputedStyle(shown.find(".nbchat")).backgroundColor;
    expect(ground()).toBe("rgb(255, 255, 255)");
    document.body.dataset.jpThemeLight = "false";
    await vi.waitFor(() => expect(shown.host.dataset.theme).toBe("dark"));
    expect(ground()).not.toBe("rgb(255, 255, 255)");
    delete document.body.dataset.jpThemeLight;
  });

  test("text keeps a contrast of 4.5 on its ground in both themes", async () => {
    view = new TestView({ snapshot: snapshot(many(1)) });
    const shown = view.render();
    for (const theme of ["light", "dark"]) {
      shown.host.dataset.theme = theme;
      const style = getComputedStyle(shown.host);
      const value = (name: string) => rgb(style.getPropertyValue(name));
      const pairs = [
        ["--fg", "--bg"],
        ["--muted", "--bg"],
        ["--muted", "--soft"],
        ["--fg", "--bubble"],
        ["--accent", "--bg"],
        ["--on-accent", "--accent"],
        ["--error", "--error-bg"],
        ["--fg", "--error-bg"],
        ["--muted", "--info-bg"],
        ["--muted", "--warn-bg"],
        ...["keyword", "string", "number", "comment", "function", "builtin", "attribute"].map((name) => [
          `--t-${name}`,
          "--code-bg",
        ]),
      ] as [string, string][];
      for (const [text, ground] of pairs) {
        expect(contrast(value(text), value(ground)), `${theme} ${text} on ${ground}`).toBeGreaterThanOrEqual(4.5);
      }
    }
  });

  test("nothing is wider than 320 pixels", async () => {
    view = new TestView({
      title: "a rather long title of a conversation",
      usage: null,
      cost: "~$0.0127",
      snapshot: snapshot(many(1)),
    });
    const shown = view.render();
    shown.el.style.width = "320px";
    const log = shown.find(".log");
    await vi.waitFor(() => expect(log.clientWidth).toBeLessThan(321));
    expect(log.scrollWidth).toBeLessThanOrEqual(log.clientWidth);
    expect(shown.find(".thread").scrollWidth).toBeLessThanOrEqual(320);
  });

  test("the model's own snapshot is kept current for a saved notebook, without sending it", async () => {
    view = new TestView();
    view.begin();
    view.say("done");
    view.finish(crc32("done"));
    await vi.waitFor(() => expect((view.model.values.snapshot as Snapshot).messages.length).toBe(2));
    expect(view.model.values.snapshot).toMatchObject({ generation: 1, seq: 3, ended: true });
    expect(view.model.sent).toEqual([]);
  });

  test("an ended view leaves nothing behind, and the model lives on", async () => {
    view = new TestView();
    const shown = view.render();
    shown.end();
    expect(shown.el.childElementCount).toBe(0);
    view.begin();
    view.say("still here");
    expect(view.render().text).toContain("still here");
  });
});

function rgb(color: string): number[] {
  const probe = document.createElement("div");
  probe.style.color = color;
  document.body.append(probe);
  const found =
    getComputedStyle(probe)
      .color.match(/[\d.]+/g)
      ?.slice(0, 3)
      .map(Number) ?? [];
  probe.remove();
  return found;
}

function contrast(a: number[], b: number[]): number {
  const luminance = (color: number[]) => {
    const [r, g, blue] = color.map((c) => (c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * (r as number) + 0.7152 * (g as number) + 0.0722 * (blue as number);
  };
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}
