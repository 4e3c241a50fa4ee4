/**
 * marimo's container: an open shadow root around each output, `dark` as a class on body (of islands: on any element around), its
 * own sheet of resets inside. The real one is driven by tests/e2e/test_marimo.py.
 */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { rgb } from "../support/colours.ts";
import { line, message, snapshot } from "../support/messages.ts";
import { type Rendered, TestView } from "../support/view.ts";
import { groundOf, lead, lowestContrast, mark, settle } from "./host.ts";

const SAID = snapshot(line(message("q1", "user", "Why?"), message("a1", "assistant", "**Because** of `that`.")));

let view: TestView;
let island: HTMLElement;
let root: ShadowRoot;
const undo: (() => void)[] = [];

beforeEach(() => {
  island = document.createElement("div");
  const output = document.createElement("div");
  island.append(output);
  document.body.append(island);
  root = output.attachShadow({ mode: "open" });
  const resets = new CSSStyleSheet();
  resets.replaceSync(
    "*, ::before, ::after { border: 0 solid; margin: 0; padding: 0; box-sizing: border-box; color: red }",
  );
  root.adoptedStyleSheets = [resets];
});
afterEach(() => {
  view.end();
  island.remove();
  for (const step of undo.splice(0)) step();
});

function shown(): Rendered {
  view = new TestView({ snapshot: SAID });
  return view.render(root);
}

test.each([
  ["light", "#ffffff"],
  ["dark dark-theme", "#16181c"],
])("body.%s is found through the shadow root, and followed", async (name, ground) => {
  undo.push(mark(document.body, { class: name }));
  const drawn = shown();
  await settle();
  expect(drawn.host.dataset.theme).toBe(name.split(" ")[0]);
  expect(groundOf(drawn.find(".message.assistant"))).toEqual(rgb(ground));
  const { ratio, where } = lowestContrast(drawn);
  expect(ratio, where).toBeGreaterThanOrEqual(4.5);
  mark(document.body, { class: name === "light" ? "dark" : "light" });
  await vi.waitFor(() => expect(drawn.host.dataset.theme).toBe(name === "light" ? "dark" : "light"));
});

test("an element around the shadow root can be dark", () => {
  undo.push(mark(document.body, { class: "light" }));
  island.className = "dark";
  expect(shown().host.dataset.theme).toBe("dark");
});

test("the resets of the page around do not reach into a view, and the view not into the page", async () => {
  undo.push(mark(document.body, { class: "light" }));
  const drawn = shown();
  await settle();
  expect(getComputedStyle(drawn.find(".message.assistant strong")).color).not.toBe("rgb(255, 0, 0)");
  expect(root.adoptedStyleSheets.length).toBe(1);
});

test("a view is led there as anywhere", async () => {
  undo.push(mark(document.body, { class: "light" }));
  view = new TestView();
  const drawn = view.render(root);
  await lead(view, drawn);
  expect(drawn.text).toContain("Because.");
  expect(view.sent("send").length).toBe(1);
  expect(drawn.focused).not.toBe(null);
});

test("keys stay inside", () => {
  view = new TestView();
  const drawn = view.render(root);
  const heard = vi.fn();
  document.addEventListener("keydown", heard);
  drawn.key("Enter", { ctrlKey: true }); // marimo: run the cell
  drawn.key("Enter", { shiftKey: true });
  document.removeEventListener("keydown", heard);
  expect(heard).not.toHaveBeenCalled();
});
