/** Threads with layout: what tests of scrolling have in common. */
import { expect, vi } from "vitest";
import type { Message, Part } from "../../src/wire/messages.ts";
import { ANSWER } from "../harness/texts.ts";
import { line, message, snapshot } from "./messages.ts";
import { type Rendered, TestView } from "./view.ts";

export const THOUGHT = { type: "reasoning" as const, text: "let me see\n".repeat(60), seconds: 4 };

/** So many questions with their answers. */
export function many(count: number, parts: (n: number) => string | Part[] = () => ANSWER): Message[] {
  return line(
    ...Array.from({ length: count }, (_, n) => [
      message(`q${n}`, "user", `Question ${n}`),
      message(`a${n}`, "assistant", parts(n)),
    ]).flat(),
  );
}

export const restOf = (log: HTMLElement) => log.scrollHeight - log.scrollTop - log.clientHeight;

/** A ResizeObserver speaks after a frame's layout, what it changes is seen in the next one. */
export async function frames(count = 3): Promise<void> {
  for (let n = 0; n < count; n++) await new Promise(requestAnimationFrame);
  await new Promise((done) => setTimeout(done));
}

/** How far below the log's upper edge an element is. */
export function topOf(log: HTMLElement, node: Element): number {
  return node.getBoundingClientRect().top - log.getBoundingClientRect().top;
}

/** Browsers scroll by whole pixels. */
export function near(a: number, b: number): void {
  expect(Math.abs(a - b), `${a} is not ${b}`).toBeLessThanOrEqual(1);
}

export async function scrollTo(log: HTMLElement, top: number): Promise<void> {
  log.scrollTop = top;
  await frames();
}

/** Open a thread; it is at its end. */
export async function open(messages: Message[], more: Record<string, unknown> = {}) {
  const view = new TestView({ snapshot: snapshot(messages, more) });
  const shown: Rendered = view.render();
  const log = shown.find(".log");
  await vi.waitFor(() => expect(restOf(log)).toBeLessThan(2));
  await frames();
  return { view, shown, log };
}
