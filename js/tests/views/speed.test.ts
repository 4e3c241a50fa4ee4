/** What must not grow with a conversation's length, coarsely: `python -m tests.bench B13 B14` measures it well. */
import { afterEach, expect, test } from "vitest";
import { sheet } from "../../src/styles/sheet.ts";
import { answer } from "../bench/answers.ts";
import { conversation } from "../bench/conversations.ts";
import { cost, least } from "../support/cost.ts";
import { snapshot } from "../support/messages.ts";
import { TestView } from "../support/view.ts";

let view: TestView | undefined;
afterEach(() => view?.end());

/** Preact draws in a microtask, and what that changes in another. */
async function drawn(): Promise<void> {
  for (let n = 0; n < 10; n++) await null;
}

test("an update takes no longer at the end of a long answer than at its beginning", async () => {
  const text = answer(16_000);
  const pieces = Array.from({ length: 100 }, (_, n) => text.slice(160 * n, 160 * (n + 1)));
  /** Of 25 updates after so many. */
  const costAfter = async (before: number) => {
    view = new TestView();
    const log = view.render().find(".log");
    view.begin();
    view.say(pieces.slice(0, before).join(""));
    await drawn();
    const updates = async () => {
      for (const piece of pieces.slice(before, before + 25)) {
        view?.say(piece);
        await drawn();
        log.scrollTop = 1e9;
      }
    };
    const all = await cost(updates);
    expect(log.querySelector(".markdown")?.textContent?.length).toBeGreaterThan(2_000);
    view.end();
    return all;
  };
  await costAfter(0);
  const beginning = await costAfter(0);
  expect(await costAfter(75)).toBeLessThan(3 * beginning + 50);
});

test("no style depends on what is anywhere inside what grows: all of it would be looked through with each word", async () => {
  view = new TestView();
  const shown = view.render();
  view.begin();
  view.say("a word");
  await drawn();
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
  const open = (count: number) => {
    view = new TestView({ snapshot: snapshot(conversation(count)) });
    const shown = view.render();
    shown.find(".log").getBoundingClientRect();
    expect(shown.root.querySelectorAll(".message").length).toBe(count);
    view.end();
  };
  open(10);
  const few = await least(() => open(10));
  expect(await least(() => open(100), 4 * few)).toBeLessThan(8 * few + 20);
});
