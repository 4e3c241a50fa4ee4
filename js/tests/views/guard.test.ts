/** What happens in a view and a host would take: keys, Shift and a click, the right button on text. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { line, message, snapshot } from "../support/messages.ts";
import { type Rendered, TestView } from "../support/view.ts";

const KINDS = ["keydown", "keypress", "keyup", "mousedown", "contextmenu"];
const heard = vi.fn();
let view: TestView;
let shown: Rendered;

beforeEach(() => {
  view = new TestView({
    snapshot: snapshot(
      line(message("q1", "user", "Why?"), message("a1", "assistant", "A [link](https://a.example) and words.")),
    ),
  });
  shown = view.render();
  heard.mockClear();
  for (const kind of KINDS) document.addEventListener(kind, heard);
});
afterEach(() => {
  for (const kind of KINDS) document.removeEventListener(kind, heard);
  getSelection()?.removeAllRanges();
  view.end();
});

function dispatch(selector: string, event: Event): void {
  shown.find(selector).dispatchEvent(event);
}

const mouse = (kind: string, more: MouseEventInit = {}) =>
  new MouseEvent(kind, { bubbles: true, composed: true, cancelable: true, ...more });

describe("a host", () => {
  test.each(["keydown", "keypress", "keyup"])("hears no %s", (kind) => {
    for (const selector of [".composer textarea", ".title-button", ".log"])
      dispatch(selector, new KeyboardEvent(kind, { key: "d", bubbles: true, composed: true }));
    expect(heard).not.toHaveBeenCalled();
  });

  test("hears a click, but not one with Shift", () => {
    dispatch(".markdown p", mouse("mousedown"));
    expect(heard).toHaveBeenCalledOnce();
    dispatch(".markdown p", mouse("mousedown", { shiftKey: true }));
    expect(heard).toHaveBeenCalledOnce();
  });

  test("opens its menu on what is neither a box, a link nor selected", () => {
    for (const selector of [".composer textarea", ".markdown a"]) dispatch(selector, mouse("contextmenu"));
    expect(heard).not.toHaveBeenCalled();
    dispatch(".markdown p", mouse("contextmenu"));
    expect(heard).toHaveBeenCalledOnce();
    getSelection()?.selectAllChildren(shown.find(".markdown p"));
    dispatch(".markdown p", mouse("contextmenu"));
    expect(heard).toHaveBeenCalledOnce();
  });

  test("hears everything again when the view is gone", () => {
    const { host } = shown;
    document.body.append(host);
    shown.end();
    document.body.append(host);
    host.dispatchEvent(new KeyboardEvent("keydown", { key: "d", bubbles: true }));
    expect(heard).toHaveBeenCalledOnce();
    host.remove();
  });
});
