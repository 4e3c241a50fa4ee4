/**
 * Colab by its documented contract: each output is a page of its own in an iframe, with `theme` on html and no variables of
 * Jupyter; comms are proxies of `google.colab.kernel`, so a model has neither a manager nor a kernel.
 */
import { afterEach, expect, test, vi } from "vitest";
import { rgb } from "../support/colours.ts";
import { line, message, snapshot } from "../support/messages.ts";
import { TestView } from "../support/view.ts";
import { groundOf, lead, lowestContrast, mark, settle } from "./host.ts";

const SAID = snapshot(line(message("q1", "user", "Why?"), message("a1", "assistant", "**Because** of `that`.")));
const html = document.documentElement;

let view: TestView;
const undo: (() => void)[] = [];
afterEach(() => {
  view.end();
  for (const step of undo.splice(0)) step();
});

function theme(name: string): void {
  undo.push(mark(html, { theme: name }));
}

test.each(["light", "dark"])("%s is the page's own word, whatever the system wishes", async (name) => {
  theme(name);
  view = new TestView({ snapshot: SAID });
  const shown = view.render();
  await settle();
  expect(shown.host.dataset.theme).toBe(name);
  expect(groundOf(shown.find(".message.assistant"))).toEqual(rgb(name === "dark" ? "#16181c" : "#ffffff"));
  const { ratio, where } = lowestContrast(shown);
  expect(ratio, where).toBeGreaterThanOrEqual(4.5);
});

test("a change is followed", async () => {
  theme("light");
  view = new TestView({ snapshot: SAID });
  const shown = view.render();
  theme("dark");
  await vi.waitFor(() => expect(shown.host.dataset.theme).toBe("dark"));
});

test("a view lives without a manager, a kernel and `google`", async () => {
  theme("dark");
  view = new TestView();
  const model = view.model as unknown as Record<string, unknown>;
  model.widget_manager = {}; // Colab's own has no kernel connection of Jupyter's
  const shown = view.render();
  await lead(view, shown);
  expect(shown.text).toContain("Because.");
  expect(view.sent("stop").length).toBe(1);
});

test("inside a narrow output nothing is cut off sideways", async () => {
  theme("light");
  view = new TestView({ snapshot: SAID });
  const shown = view.render();
  shown.el.style.width = "320px";
  await settle();
  const edge = shown.host.getBoundingClientRect().right;
  for (const node of shown.root.querySelectorAll("button, .message"))
    expect(node.getBoundingClientRect().right).toBeLessThanOrEqual(edge);
});
