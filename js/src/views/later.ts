/**
 * Later: Markdown that nobody sees yet is parsed and drawn in the page's idle moments, the newest first; what comes into view
 * before its turn is drawn at once. Until then its text stands there as it is, and can be found by the browser's search.
 *
 * Owns the order alone; one queue for the whole page.
 */
import { createContext } from "preact";
import { useRef } from "preact/hooks";
import type { Message } from "../wire/messages.ts";
import { blocksInView } from "./anchor.ts";
import { heightOf } from "./height.ts";

/** So much at the end of a conversation is drawn at once. Pixels: two of the highest windows. */
const AT_ONCE = 1_600;
/** What is drawn in one idle moment takes at most about this long. Milliseconds. */
const SLICE = 8;
/** Without any idle moment the next one is drawn after this long. Milliseconds. */
const PATIENCE = 500;

/** Whether the Markdown in here may be drawn later. */
export const Later = createContext(false);

/** Oldest first: who came last is drawn first. */
const waiting = new Map<Element, () => void>();
let planned = false;

/** Call `draw` when there is time, or when `node` comes into view; returns how to forget it. */
export function drawLater(node: Element, draw: () => void): () => void {
  waiting.set(node, draw);
  plan();
  return () => void waiting.delete(node);
}

/** Whether nothing waits. */
export function isDrawn(): boolean {
  return waiting.size === 0;
}

/** Draw what waits in those of the messages that can be seen in the box, or nearly. */
export function drawSeen(scroller: Element, content: Element): void {
  if (waiting.size === 0) return;
  const seen = blocksInView(scroller, content);
  for (const node of [...waiting.keys()]) if (seen.some((block) => block.contains(node))) drawOne(node);
}

function drawOne(node: Element): void {
  const draw = waiting.get(node);
  waiting.delete(node);
  draw?.();
}

function plan(): void {
  if (planned || waiting.size === 0) return;
  planned = true;
  if ("requestIdleCallback" in globalThis) requestIdleCallback(run, { timeout: PATIENCE });
  else setTimeout(run, PATIENCE / 10);
}

function run(deadline?: IdleDeadline): void {
  planned = false;
  const begun = performance.now();
  do {
    const next = [...waiting.keys()].at(-1);
    if (next) drawOne(next);
  } while (waiting.size > 0 && performance.now() - begun < Math.min(SLICE, deadline?.timeRemaining() ?? SLICE));
  plan();
}

/**
 * Return whether a message's Markdown may be drawn later: what was put in front of others, and all of a conversation that is
 * opened but its end. What was said of a message once stays so.
 */
export function useLater(messages: readonly Message[]): (id: string) => boolean {
  const known = useRef(new Map<string, boolean>());
  let room = AT_ONCE;
  let below = false;
  for (const message of [...messages].reverse()) {
    const old = known.current.get(message.id);
    if (old === undefined) known.current.set(message.id, below || room <= 0);
    below ||= old !== undefined;
    if (!below) room -= heightOf(message);
  }
  return (id) => known.current.get(id) ?? false;
}
