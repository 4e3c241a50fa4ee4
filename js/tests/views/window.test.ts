/** Long threads: what is drawn when, and what an append costs. */
import { options, type VNode } from "preact";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Message } from "../../src/wire/messages.ts";
import { snapshot } from "../support/messages.ts";
import { frames, many, restOf } from "../support/scrolling.ts";
import { type Rendered, TestView } from "../support/view.ts";

let view: TestView;
/** The page's idle moments, which the test makes. */
const idle: IdleRequestCallback[] = [];

beforeEach(() => {
  vi.stubGlobal("requestIdleCallback", (callback: IdleRequestCallback) => idle.push(callback));
});
afterEach(async () => {
  moments(10_000);
  vi.unstubAllGlobals();
  view.end();
});

function moments(count: number, left = 0): void {
  for (let n = 0; n < count && idle.length > 0; n++) idle.shift()?.({ didTimeout: false, timeRemaining: () => left });
}

function show(messages: Message[], more = false): Rendered {
  const generation = Number(messages.at(-1)?.id.slice(1)); // the next turn's messages stand below the last
  view = new TestView({ snapshot: snapshot(messages, { more, generation }) });
  return view.render();
}

const undrawn = (shown: Rendered) => [...shown.root.querySelectorAll(".undrawn")].map((each) => idOf(each));
function idOf(node: Node): string | undefined {
  const element = node instanceof Element ? node : node.parentElement;
  return element?.closest<HTMLElement>("[data-message]")?.dataset.message;
}

describe("a conversation of 300 messages", () => {
  test("is drawn from its end, the rest in idle moments, newest first; its text is there from the start", async () => {
    const shown = show(many(150));
    const waiting = undrawn(shown);
    expect(waiting.length).toBeGreaterThan(140);
    expect(waiting).not.toContain("a149");
    expect(shown.find("article:nth-of-type(2) .markdown").textContent).toContain("split, apply, combine");
    moments(1);
    expect(undrawn(shown)).toEqual(waiting.slice(0, -1));
    moments(1);
    expect(undrawn(shown)).toEqual(waiting.slice(0, -2));
    moments(10_000);
    expect(undrawn(shown)).toEqual([]);
    expect(shown.find("article:nth-of-type(2) .markdown h2").textContent).toBe("What groupby does");
  });

  test("draws what is scrolled into view before it is seen", async () => {
    const shown = show(many(150));
    const log = shown.find(".log");
    await vi.waitFor(() => expect(restOf(log)).toBeLessThan(2));
    for (const share of [0.5, 0.2, 0]) {
      log.scrollTop = share * log.scrollHeight;
      await new Promise(requestAnimationFrame); // the scroll event comes in this frame, before it is painted
      const { top, bottom } = log.getBoundingClientRect();
      const seen = [...shown.root.querySelectorAll(".markdown")].filter((each) => {
        const box = (each.closest("article") as Element).getBoundingClientRect();
        return box.bottom > top && box.top < bottom;
      });
      expect(seen.length).toBeGreaterThan(0);
      expect(seen.filter((each) => each.matches(".undrawn"))).toEqual([]);
    }
    expect(undrawn(shown).length).toBeGreaterThan(100);
  });

  test("has about its height from the start", async () => {
    const shown = show(many(150));
    const log = shown.find(".log");
    await vi.waitFor(() => expect(restOf(log)).toBeLessThan(2));
    const guessed = log.scrollHeight;
    moments(10_000);
    for (const each of shown.root.querySelectorAll<HTMLElement>("article, .group"))
      each.style.contentVisibility = "visible";
    await frames();
    expect(guessed / log.scrollHeight).toBeGreaterThan(0.7);
    expect(guessed / log.scrollHeight).toBeLessThan(1.3);
  });

  test("draws older ones that are put in front later, and new ones at once", async () => {
    const all = many(20);
    const shown = show(all.slice(20), true);
    moments(10_000);
    view.model.deliver({ op: "page", messages: all.slice(0, 20), more: false });
    await vi.waitFor(() => expect(undrawn(shown)).toEqual(Array.from({ length: 10 }, (_, n) => `a${n}`)));
    view.begin();
    view.say("**new**");
    await vi.waitFor(() => expect(shown.find("article:last-of-type strong").textContent).toBe("new"));
    expect(undrawn(shown).length).toBeGreaterThan(0);
  });

  test("draws one message anew for an append", async () => {
    const shown = show(many(150));
    moments(10_000);
    view.begin();
    view.say("One");
    const answer = () => shown.find("article:last-of-type .markdown").textContent;
    await vi.waitFor(() => expect(answer()).toBe("One"));
    await frames();
    const rendered = new Set<string>();
    const hooks = options as unknown as { __r?: (node: VNode<{ message?: Message }>) => void };
    const before = hooks.__r;
    hooks.__r = (node) => {
      if (node.props.message) rendered.add(node.props.message.id);
      before?.(node);
    };
    const touched = new Set<string | undefined>();
    const observer = new MutationObserver((changes) => {
      for (const { target } of changes) touched.add(idOf(target));
    });
    observer.observe(shown.find(".log-content"), { subtree: true, childList: true, characterData: true });
    view.say(" two\n\nthree");
    await vi.waitFor(() => expect(answer()).toContain("three"));
    await frames();
    hooks.__r = before as never;
    observer.disconnect();
    expect([...rendered]).toEqual(["a150"]);
    expect([...touched]).toEqual(["a150"]);
  });
});
