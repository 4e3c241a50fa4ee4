/** What the model's server does, as a view tells it: loading (how far), waiting, generating; and models as the menu lists them. */
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Engine, ModelInfo } from "../../src/wire/protocol.ts";
import { line, message, snapshot } from "../support/messages.ts";
import { drawn, fakeTimers, type Rendered, TestView } from "../support/view.ts";

let view: TestView;
afterEach(() => {
  view.end();
  vi.useRealTimers();
});

const engine = (state: Engine["state"], progress: number | null = null): Engine => ({
  state,
  text: state === "loading" ? "Loading the model" : "",
  progress,
});
const lineOf = (shown: Rendered) => shown.find(".state").textContent;

describe("a turn whose model is loaded first", () => {
  test.each(["thread", "turn"])(
    "says how far that is, then that it waits, then that it generates, in a %s",
    async (kind) => {
      view = new TestView({ kind });
      const shown = view.render();
      view.begin();
      view.append({ type: "loading", text: "Loading the model", progress: 0.4, seconds: 1, again: 1 });
      await vi.waitFor(() => expect(lineOf(shown)).toBe("Loading the model… 40 %"));
      view.append({ type: "loading", text: "Loading the model", progress: 0.995, seconds: 2, again: 1 });
      await vi.waitFor(() => expect(lineOf(shown)).toBe("Loading the model… 100 %"));
      view.append({ type: "waiting", seconds: 3 });
      await vi.waitFor(() => expect(lineOf(shown)).toBe("Waiting for the model, 3 s"));
      view.model.set("engine", engine("generating"));
      view.say("x");
      await vi.waitFor(() => expect(lineOf(shown)).toBe("Generating · ~1 tokens"));
    },
  );

  test("says how long it takes where the server does not say how far it is", async () => {
    fakeTimers();
    view = new TestView();
    const shown = view.render();
    view.begin();
    view.append({ type: "loading", text: "Loading the model", seconds: 1 });
    await drawn();
    expect(lineOf(shown)).toBe("Loading the model…");
    await vi.advanceTimersByTimeAsync(4_000);
    expect(lineOf(shown)).toBe("Loading the model… 5 s");
  });

  test("says so in a page that comes late, too", async () => {
    const open = message("a1", "assistant", "", { status: "streaming" });
    view = new TestView({
      status: "submitted",
      engine: engine("loading", 0.25),
      snapshot: snapshot(line(message("q1", "user", "?"), open), { ended: false }),
    });
    const shown = view.render();
    expect(lineOf(shown)).toBe("Loading the model… 25 %");
    view.model.set("engine", engine("ready"));
    await vi.waitFor(() => expect(lineOf(shown)).toBe("Sending…"));
  });

  test("is heard, not only seen", async () => {
    view = new TestView();
    const shown = view.render();
    view.begin();
    view.model.set("engine", engine("loading"));
    await vi.waitFor(() => expect(shown.find('[role="status"]').textContent).toBe("Loading the model"));
    view.model.set("engine", engine("generating"));
    await vi.waitFor(() => expect(shown.find('[role="status"]').textContent).toBe("Answering"));
  });

  test("leaves nothing behind when it is stopped meanwhile", async () => {
    view = new TestView();
    const shown = view.render();
    view.begin();
    view.append({ type: "loading", text: "Loading the model", seconds: 1 });
    await vi.waitFor(() => expect(lineOf(shown)).toContain("Loading"));
    view.finish(0, { status: "stopped" });
    await vi.waitFor(() => expect(shown.has(".state")).toBe(false));
    expect(shown.text).not.toContain("Loading");
  });
});

describe("the model menu", () => {
  const MODELS: ModelInfo[] = [
    { id: "ollama/llama3.2:latest", name: "Llama3.2", context_length: 4096, price: null, recent: true },
    {
      id: "ollama/qwen2.5-coder:7b",
      name: "Qwen2.5 Coder 7B",
      context_length: 32768,
      price: null,
      can: ["tools"],
      about: "4.7 GB; loaded, 5.1 GB",
      words: "qwen2 Q4_K_M",
    },
    { id: "lab/tiny", name: "Tiny", context_length: null, price: "$1 in, $2 out per million tokens" },
  ];

  async function opened(models: ModelInfo[] = MODELS): Promise<Rendered> {
    view = new TestView({ engine: engine("ready") });
    const shown = view.render();
    shown.find(".model").click();
    await vi.waitFor(() => expect(view.sent("models").length).toBe(1));
    view.model.deliver({ op: "models", models, error: null });
    await vi.waitFor(() => expect(shown.root.querySelectorAll(".row").length).toBe(models.length));
    return shown;
  }
  const heads = (shown: Rendered) => [...shown.root.querySelectorAll(".menu-head")].map((each) => each.textContent);

  test("says what a model can do, how large it is and whether it is loaded", async () => {
    const shown = await opened();
    const [, coder] = shown.root.querySelectorAll(".row small");
    expect(coder?.textContent).toBe("ollama/qwen2.5-coder:7b · 32,768 tokens · tools · 4.7 GB; loaded, 5.1 GB");
    expect(shown.find(".model").title).toBe("lab/tiny (ready)");
  });

  test("tells the models that were asked lately from all others", async () => {
    const shown = await opened();
    expect(heads(shown)).toEqual(["Asked lately", "All others"]);
    shown.type("tiny", ".menu input");
    await vi.waitFor(() => expect(heads(shown)).toEqual([]));
    view.end();
    expect(heads(await opened(MODELS.slice(1)))).toEqual([]);
  });

  test.each([
    ["tools", 1],
    ["q4_k qwen", 1],
    ["OLLAMA", 2],
    ["ollama tiny", 0],
  ])("finds %s among ids, names, tags and what they can", async (words, count) => {
    const shown = await opened();
    shown.type(words as string, ".menu input");
    await vi.waitFor(() => expect(shown.root.querySelectorAll(".row").length).toBe(count as number));
  });
});
