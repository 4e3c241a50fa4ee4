/** The turn view: one answer below its cell. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { crc32 } from "../../src/wire/crc32.ts";
import { snapshot } from "../support/messages.ts";
import { TestView } from "../support/view.ts";

let view: TestView;
afterEach(() => view.end());

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
