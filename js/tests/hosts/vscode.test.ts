/**
 * VS Code by its documented contract: the theme's class on body and `--vscode-*` variables on html, an output container that is
 * forced white under a dark page, no Jupyter variables, no widget manager with a kernel, and no answer to `invoke`.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { rgb } from "../support/colours.ts";
import { line, message, snapshot } from "../support/messages.ts";
import { TestView } from "../support/view.ts";
import { groundOf, lead, lowestContrast, mark, settle, variables } from "./host.ts";

const SAID = snapshot(
  line(
    message("q1", "user", "Why?"),
    message(
      "a1",
      "assistant",
      "# Because\n\nof [this](https://example.org) and `that`:\n\n```python\nx = 1  # one\n```",
    ),
  ),
);

/** Class, ground and whether that is dark: themes that come with VS Code, or that many use. */
const THEMES = [
  ["vscode-light", "#ffffff", false],
  ["vscode-light", "#f5f5f5", false], // Quiet Light
  ["vscode-light", "#fdf6e3", false], // Solarized Light
  ["vscode-dark", "#1f1f1f", true],
  ["vscode-dark", "#002b36", true], // Solarized Dark
  ["vscode-dark", "#272822", true], // Monokai
  ["vscode-dark", "#390000", true], // Red
  ["vscode-dark", "#002451", true], // Tomorrow Night Blue
  ["vscode-high-contrast", "#000000", true],
  ["vscode-high-contrast vscode-high-contrast-light", "#ffffff", false],
] as const;

let view: TestView;
let container: HTMLElement;
const undo: (() => void)[] = [];

beforeEach(() => {
  const style = document.createElement("style");
  style.textContent = ".cell-output-ipywidget-background { background: white !important; color: black !important }";
  document.head.append(style);
  container = document.createElement("div");
  container.className = "cell-output-ipywidget-background";
  document.body.append(container);
  undo.push(() => style.remove());
});
afterEach(() => {
  view.end();
  container.remove();
  for (const step of undo.splice(0)) step();
});

function theme(name: string, ground: string): void {
  undo.push(mark(document.body, { class: name, "data-vscode-theme-kind": name.split(" ").at(-1) as string }));
  undo.push(variables({ "--vscode-editor-background": ground, "--vscode-editor-font-family": "monospace" }));
}

describe("the theme", () => {
  test.each(THEMES)("%s on %s paints its own ground, and text is read on it", async (name, ground, dark) => {
    theme(name, ground);
    view = new TestView({ snapshot: SAID });
    const shown = view.render(container);
    await settle();
    expect(shown.host.dataset.theme).toBe(dark ? "dark" : "light");
    expect(groundOf(shown.find(".message.assistant"))).toEqual(rgb(ground));
    const { ratio, where } = lowestContrast(shown);
    expect(ratio, where).toBeGreaterThanOrEqual(4.5);
  });

  test("is followed when it changes", async () => {
    theme("vscode-light", "#ffffff");
    view = new TestView({ snapshot: SAID });
    const shown = view.render(container);
    expect(shown.host.dataset.theme).toBe("light");
    theme("vscode-dark", "#1f1f1f");
    await vi.waitFor(() => expect(shown.host.dataset.theme).toBe("dark"));
    expect(groundOf(shown.find(".message.assistant"))).toEqual(rgb("#1f1f1f"));
    theme("vscode-high-contrast vscode-high-contrast-light", "#ffffff");
    await vi.waitFor(() => expect(shown.host.dataset.theme).toBe("light"));
  });

  test("lines are the contrast colour where there is one", () => {
    theme("vscode-high-contrast", "#000000");
    undo.push(variables({ "--vscode-contrastBorder": "#6fc3df" }));
    view = new TestView({ snapshot: SAID });
    const shown = view.render(container);
    expect(rgb(getComputedStyle(shown.find(".thread")).borderTopColor)).toEqual(rgb("#6fc3df"));
  });

  test("fonts are those of the editor", () => {
    theme("vscode-dark", "#1f1f1f");
    undo.push(variables({ "--vscode-font-family": "Cantarell", "--vscode-editor-font-family": "Hack" }));
    view = new TestView({ snapshot: SAID });
    const shown = view.render(container);
    expect(getComputedStyle(shown.find(".nbchat")).fontFamily).toBe("Cantarell");
    expect(getComputedStyle(shown.find(".code pre code")).fontFamily).toBe("Hack");
  });
});

describe("the host", () => {
  test("is asked for nothing: no `invoke`, no signal, no manager", async () => {
    theme("vscode-dark", "#1f1f1f");
    const invoke = vi.fn(() => new Promise(() => {}));
    view = new TestView();
    const shown = view.render(container, { experimental: { invoke } });
    await lead(view, shown);
    expect(invoke).not.toHaveBeenCalled();
    expect(view.model.sent.map(({ op }) => op)).toEqual(expect.arrayContaining(["send", "stop", "models"]));
    expect(shown.text).toContain("Because.");
  });

  test("hears no key that was typed in a view", async () => {
    theme("vscode-dark", "#1f1f1f");
    view = new TestView();
    const shown = view.render(container);
    const heard = vi.fn();
    window.addEventListener("keydown", heard); // as the webview does, to hand chords on to VS Code
    for (const key of ["Enter", "Escape", "s", "z", "ArrowDown"]) shown.key(key, { ctrlKey: key.length === 1 });
    window.removeEventListener("keydown", heard);
    expect(heard).not.toHaveBeenCalled();
  });
});
