/** The questions of tests/vectors/prompts.json through the composer: sent as they were typed, and shown so. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import vector from "../../../tests/vectors/prompts.json";
import { drawn, fakeTimers, TestView } from "../support/view.ts";

const prompts = vector.prompts.map(({ name, text, repeat = 1 }: { name: string; text: string; repeat?: number }) => ({
  name,
  text: text.repeat(repeat),
}));
/** What any box of a page makes of carriage returns (HTML: "API value" of a textarea). */
const boxed = (text: string) => text.replace(/\r\n?/g, "\n");

let view: TestView;

beforeEach(fakeTimers);

afterEach(() => {
  view.end();
  vi.useRealTimers();
});

test("every question is sent as it was typed, and shown so", async () => {
  view = new TestView();
  view.model.answers.mentions = { mentions: [] }; // no name in them stands for anything
  const shown = view.render();
  await drawn();
  for (const { name, text } of prompts) {
    shown.type(text);
    await drawn();
    shown.key("Enter");
    await drawn();
    const sent = view.sent("send").at(-1) as { text: string; attachments?: unknown };
    expect(sent.text, name).toBe(boxed(text));
    expect(sent.attachments, name).toBeUndefined();
    if (text.length < 4_000) expect(shown.find(".waiting:last-of-type").textContent, name).toContain(boxed(text));
  }
  const clients = view.sent("send").map((each) => (each as { client_id: string }).client_id); // nobody answers: some go twice
  expect(new Set(clients).size).toBe(prompts.length);
});
