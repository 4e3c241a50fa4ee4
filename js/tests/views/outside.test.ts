/** What others in the page may ask of a view: the code of its answer, and to have something typed into its composer. */
import { afterEach, expect, test, vi } from "vitest";
import { compose as composeIn, lastCode as lastCodeOf } from "../../src/labextension/page.ts";
import { compose, lastCode } from "../../src/views/outside.ts";
import { line, message, snapshot } from "../support/messages.ts";
import { TestView } from "../support/view.ts";

let view: TestView;
afterEach(() => view.end());

const CODED = snapshot(
  line(
    message("q1", "user", "```\nmine\n```"),
    message("a1", "assistant", "```python\none = 1\n```\n\n```python\nif two:\n    print(2)\n```\n\nDone."),
    message("q2", "user", "And?"),
    message("a2", "assistant", "Nothing."),
  ),
);

test("the last code block of an answer is given as it was written", () => {
  view = new TestView({ snapshot: CODED });
  const shown = view.render();
  expect(lastCode(shown.host)).toBe("if two:\n    print(2)");
  expect(lastCodeOf(document.createElement("p"), null, document.body)).toBe("if two:\n    print(2)");
});

test("a view without code gives none", () => {
  view = new TestView({ snapshot: snapshot(line(message("a1", "assistant", "No `code`."))) });
  expect(lastCode(view.render().host)).toBe(null);
});

test("what is put into the composer stands before the draft; it is not sent", async () => {
  view = new TestView({ snapshot: CODED });
  const shown = view.render();
  shown.type("my draft");
  await vi.waitFor(() => expect(shown.button("Send").disabled).toBe(false));
  expect(composeIn(document.body, "About this:")).toBe(true);
  const box = shown.find<HTMLTextAreaElement>(".composer textarea");
  await vi.waitFor(() => expect(box.value).toBe("About this:\n\nmy draft"));
  expect(shown.focused).toBe(box);
  expect(box.selectionStart).toBe(0);
  expect(view.sent("send")).toEqual([]);
  shown.key("Enter");
  await vi.waitFor(() => expect(view.sent("send")).toMatchObject([{ text: "About this:\n\nmy draft" }]));
});

test("a turn view has no composer", () => {
  view = new TestView({ kind: "turn", snapshot: CODED });
  expect(compose(view.render().host, "x")).toBe(false);
});
