/** What the model's server does, as a view tells it: loading (how far), waiting, generating; and models as the menu lists them. */
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Engine } from "../../src/wire/traits.ts";
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
