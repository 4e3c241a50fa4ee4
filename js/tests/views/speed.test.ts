/** What must not grow with a conversation's length, coarsely, by ratios: `python -m tests.bench B13 B14` measures it well. */
import { afterEach, expect, test } from "vitest";
import { sheet } from "../../src/styles/sheet.ts";
import { answer } from "../bench/answers.ts";
import { conversation } from "../bench/conversations.ts";
import { snapshot } from "../support/messages.ts";
import { TestView } from "../support/view.ts";

let view: TestView;
afterEach(() => view.end());

const tick = () => new Promise((done) => setTimeout(done));

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] as number;
}

test("an update takes no longer at the end of a long answer than at its beginning", async () => {
  view = new TestView();
  const shown = view.render();
  view.begin();
  const text = answer(16_000);
  const times: number[] = [];
  for (let at = 0; at < text.length; at += 160) {
    const begun = performance.now();
    view.say(text.slice(at, at + 160));
    await tick();
    shown.find(".log").scrollTop = 1e9;
    times.push(performance.now() - begun);
  }
  const quarter = times.length >> 2;
  expect(median(times.slice(-quarter))).toBeLessThan(3 * median(times.slice(0, quarter)) + 2);
});

test("no style depends on what is anywhere inside what grows: all of it would be looked through with each word", async () => {
  view = new TestView();
  const shown = view.render();
  view.begin();
  view.say("a word");
  await tick();
  const word = shown.find(".markdown.growing p");
  const rules = (list: CSSRuleList): CSSStyleRule[] =>
    [...list].flatMap((rule) =>
      rule instanceof CSSStyleRule ? [rule] : rule instanceof CSSGroupingRule ? rules(rule.cssRules) : [],
    );
  const selectors = rules(sheet().cssRules).flatMap((rule) => rule.selectorText.split(/,(?![^(]*\))/));
  const having = selectors.filter((selector) => selector.includes(":has("));
  expect(having.length).toBeGreaterThan(0);
  for (const selector of having) {
    const [around = ""] = selector.split(/(?::not\()?:has\(/);
    expect(word.parentElement?.closest(around), selector).toBeNull();
  }
});

test("a hundred messages are there nearly as soon as ten", async () => {
  const took = async (count: number) => {
    view = new TestView({ snapshot: snapshot(conversation(count)) });
    const begun = performance.now();
    const shown = view.render();
    shown.find(".log").getBoundingClientRect();
    const time = performance.now() - begun;
    expect(shown.root.querySelectorAll(".message").length).toBe(count);
    view.end();
    return time;
  };
  await took(10);
  const [few, many] = [[], []] as number[][];
  for (let run = 0; run < 5; run++) {
    few?.push(await took(10));
    many?.push(await took(100));
  }
  expect(median(many as number[])).toBeLessThan(8 * median(few as number[]) + 20);
});
