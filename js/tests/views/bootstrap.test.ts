/** The bootstrap: correct before the app is there, and able to fetch it over the wire. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { registry } from "../../src/registry.ts";
import widget from "../../src/widget.ts";
import { line, message, snapshot } from "../support/messages.ts";
import { FakeModel } from "../support/model.ts";
import { TestView } from "../support/view.ts";

let view: TestView;

beforeEach(() => {
  Object.assign(registry(), { app: null, asked: 0 });
});

afterEach(() => {
  view.end();
  vi.useRealTimers();
});

const said = snapshot(line(message("q1", "user", "Why?"), message("a1", "assistant", "Because.")));

describe("without the app", () => {
  test("messages are plain text, and go on", () => {
    view = new TestView({ snapshot: said }, false);
    const { host } = view.render();
    expect(host.shadowRoot).toBeNull();
    expect(host.textContent).toBe("Why?\n\nBecause.");
    view.begin("And?");
    view.say("More <b>text</b>");
    expect(host.textContent).toBe("Why?\n\nBecause.\n\nAnd?\n\nMore <b>text</b>");
  });

  test("the app is asked for after a second, by one of many views", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
    view = new TestView({ snapshot: said }, false);
    view.render();
    view.render();
    await vi.advanceTimersByTimeAsync(990);
    expect(view.sent("asset")).toEqual([]);
    await vi.advanceTimersByTimeAsync(20);
    expect(view.sent("asset")).toEqual([{ op: "asset", name: "app" }]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(view.sent("asset").length).toBe(2);
  });

  test("code that comes over the wire becomes the app of every waiting view", async () => {
    view = new TestView({ snapshot: said }, false);
    const views = [view.render(), view.render()];
    const code = `export default { initialize() {
      const shared = globalThis[Symbol.for("nbchat/1")];
      shared.app = { mount(host) { host.append("drawn"); return () => {}; } };
      for (const ready of shared.waiting) ready(shared.app);
      shared.waiting.clear();
    } };`;
    view.model.deliver({ op: "asset", name: "app", code });
    await vi.waitFor(() => expect(views.map(({ host }) => host.textContent)).toEqual(["drawn", "drawn"]));
  });

  test("an app that fails leaves the text", () => {
    view = new TestView({ snapshot: said }, false);
    const quiet = vi.spyOn(console, "error").mockImplementation(() => {});
    registry().app = {
      lastCode: () => null,
      compose: () => false,
      mount() {
        throw new Error("no");
      },
    };
    expect(view.render().host.textContent).toBe("Why?\n\nBecause.");
    expect(quiet).toHaveBeenCalledOnce();
    quiet.mockRestore();
  });
});

describe("the model", () => {
  test("initialize is synchronous and says hello with the position", () => {
    const model = new FakeModel({ kind: "thread", status: "idle", snapshot: { ...said, generation: 3, seq: 9 } });
    const { initialize } = widget();
    const end = initialize({ model });
    expect(model.sent).toEqual([{ op: "hello", generation: 3, have: 9, page: registry().page }]);
    model.deliver({ op: "append", generation: 4, after: 0, seq: 1, events: [] });
    end();
    model.deliver({ op: "append", generation: 4, after: 7, seq: 8, events: [] });
    expect(model.sent.length).toBe(1);
    view = new TestView();
  });

  test("views that nobody can see are told of, once things are still", async () => {
    view = new TestView({ snapshot: said }, false);
    const { el } = view.render();
    el.style.display = "none";
    await vi.waitFor(() => expect(view.sent("visible")).toMatchObject([{ visible: false }]));
    el.style.display = "";
    await vi.waitFor(() => expect(view.sent("visible").at(-1)).toMatchObject({ visible: true, page: registry().page }));
  });
});
