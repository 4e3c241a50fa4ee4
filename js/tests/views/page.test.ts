/** A view and the page around it: theme, contrast, width, what is left behind. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { crc32 } from "../../src/wire/crc32.ts";
import type { Snapshot } from "../../src/wire/protocol.ts";
import { ANSWER } from "../harness/texts.ts";
import { contrast, rgb } from "../support/colours.ts";
import { line, message, snapshot } from "../support/messages.ts";
import { TestView } from "../support/view.ts";

let view: TestView;
afterEach(() => view.end());

/** The grounds of JupyterLab's themes and of plain pages. */
const GROUNDS = [
  ["light", "#ffffff"],
  ["dark", "#111111"],
  ["dark", "#212121"],
] as const;

function many(count: number) {
  return line(
    ...Array.from({ length: count }, (_, n) => [
      message(`q${n}`, "user", `Question ${n}`),
      message(`a${n}`, "assistant", ANSWER),
    ]).flat(),
  );
}

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
    for (const [theme, ground] of GROUNDS) {
      shown.host.dataset.theme = theme;
      shown.host.style.setProperty("--jp-layout-color1", ground);
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
        ["--fg", "--warn-bg"],
        ["--accent", "--warn-bg"],
        ["--accent", "--soft"],
        ["--muted", "--code-bg"],
        ["--error", "--code-bg"],
        ...["keyword", "string", "number", "comment", "function", "builtin", "attribute"].map((name) => [
          `--t-${name}`,
          "--code-bg",
        ]),
      ] as [string, string][];
      for (const [text, behind] of pairs) {
        expect(contrast(value(text), value(behind)), `${theme} ${ground}: ${text} on ${behind}`).toBeGreaterThanOrEqual(
          4.5,
        );
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

  test("two views in a row of widgets share its width", () => {
    view = new TestView({ snapshot: snapshot(many(1)) });
    const row = document.createElement("div");
    row.style.cssText = "display: flex; width: 900px";
    document.body.append(row);
    const widths = [view.render(row), view.render(row)].map(({ host }) => host.getBoundingClientRect().width);
    expect(widths).toEqual([450, 450]);
    row.remove();
  });

  test.each(["thread", "turn"])("nor are branches, errors, tools and consent, in a %s", async (kind) => {
    const wide = "a_rather_long_name_without_any_place_to_break_it_which_tools_may_have";
    const call = { type: "tool-call" as const, id: "c1", name: wide, arguments: `{"${wide}":"${wide}"}` };
    const error = { kind: "network", text: `The server ${wide} is not there.`, hint: "" };
    const cut = message("a1", "assistant", [call], { status: "interrupted", error, siblings: ["a0", "a1"] });
    const open = message("a2", "assistant", [call], { status: "streaming" });
    view = new TestView({
      kind,
      private: true,
      status: "streaming",
      approvals: [{ call: "c1", tool: wide, arguments: call.arguments }],
      queue: [{ turn: "t9", text: wide }],
      snapshot: snapshot(line(message("q1", "user", wide, { hidden: true }), cut, message("q2", "user", "?"), open), {
        ended: false,
      }),
    });
    const shown = view.render();
    shown.el.style.width = "320px";
    await vi.waitFor(() => expect(shown.has(".approval")).toBe(true));
    for (const summary of shown.root.querySelectorAll("summary")) summary.click();
    for (const button of shown.buttons("Edit queued question")) button.click();
    await vi.waitFor(() => expect(shown.has(".tool .exact")).toBe(true));
    const edge = shown.host.getBoundingClientRect().right;
    for (const node of shown.root.querySelectorAll("button, section, .message, .tool summary > *, pre"))
      expect(node.getBoundingClientRect().right, node.className).toBeLessThanOrEqual(edge);
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
