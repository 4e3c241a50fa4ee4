/**
 * reduce: folds a turn's events into the messages of a conversation. Pure: state in, state out.
 *
 * Owns what an event means; must not know positions, loss or clocks (`receiver`), nor how anything is drawn.
 * Values are never changed in place, so that a view can tell by identity what is new.
 */
import { crc32 } from "./crc32.ts";
import { grown } from "./growth.ts";
import type { Message, Part, ToolCallPart } from "./messages.ts";
import type { Event, Page, Snapshot } from "./protocol.ts";
import type { Kind } from "./traits.ts";

/** What the running turn waits for, as the state line shows it; null when text flows or nothing runs. */
export type Phase =
  | { type: "sending" }
  | { type: "sent" }
  | { type: "waiting"; seconds: number }
  | { type: "loading"; text: string; progress: number | null; seconds: number }
  | { type: "retry"; attempt: number; delay: number; reason: string };

/** The messages of the active path that are loaded, oldest first, and the turn that is or was the last one. */
export interface Content {
  kind: Kind;
  turn: string | null;
  messages: readonly Message[];
  more: boolean;
  /** The number of the path that the last snapshot gave. */
  path: number | undefined;
  phase: Phase | null;
}

export interface Reduced {
  content: Content;
  /** Set by the event that ends the turn: whether the text that was received is the text that was saved. */
  ended: "right" | "wrong" | null;
}

/** Return the content of a snapshot, keeping older messages of `old` that had been paged in and are still before it. */
export function adopt(kind: Kind, snapshot: Snapshot, old: Content | null): Content {
  const { turn, path, before } = snapshot;
  const kept = old ? keptBefore(snapshot, old) : [];
  const messages = [...kept, ...snapshot.messages];
  const [first] = kept;
  const more = old && first ? (before ? first.parent !== null : old.more) : snapshot.more;
  const phase: Phase | null = !snapshot.ended && isBlank(messages.at(-1)) ? { type: "sending" } : null;
  return { kind, turn, messages, more, path, phase };
}

/** Without marks older messages are kept as long as the path is the same; with them as far back as they agree. */
function keptBefore({ messages, path, before }: Snapshot, old: Content): readonly Message[] {
  const first = messages[0]?.id;
  if (!before) return old.path === path ? old.messages.slice(0, Math.max(0, placeOf(old, first))) : [];
  const kept: Message[] = [];
  for (const mark of [...before].reverse()) {
    const held = old.messages[placeOf(old, mark.id)];
    if (held?.status !== mark.status || held.seconds !== mark.seconds) break;
    const { hidden, siblings, ...same } = held;
    kept.unshift({ ...same, ...mark });
  }
  return kept;
}

function placeOf({ messages }: Content, id: string | null | undefined): number {
  return messages.findIndex((m) => m.id === id);
}

/**
 * Return the content with a page of older messages put in front; messages that are there already are skipped. One that does not
 * end where the content begins answers another page of the browser, which shares this model, or is of before a change.
 */
export function prepend(content: Content, { messages, more, path, before }: Page): Content {
  const held = new Set(content.messages.map((m) => m.id));
  const fresh = messages.filter((m) => !held.has(m.id));
  const first = content.messages[0];
  if (path !== content.path || (before ?? first?.id) !== first?.id) return content;
  if (first && fresh.length > 0 && fresh.at(-1)?.id !== first.parent) return content;
  return { ...content, messages: [...fresh, ...content.messages], more };
}

/** Return the content without these messages: what stood below one of them stands below what it stood below. */
export function without(content: Content, ids: readonly string[]): Content {
  const messages: Message[] = [];
  const below = new Map<string | null, string | null>();
  for (const message of content.messages) {
    const parent = below.has(message.parent) ? (below.get(message.parent) ?? null) : message.parent;
    if (ids.includes(message.id)) below.set(message.id, parent);
    else messages.push(parent === message.parent ? message : { ...message, parent });
  }
  return { ...content, messages };
}

/** Fold one batch of events, in order. */
export function reduce(content: Content, events: readonly Event[]): Reduced {
  let ended: Reduced["ended"] = null;
  let next = content;
  for (const event of events) {
    if (event.type === "turn-start") next = startTurn(next, event.turn, event.messages, event.siblings ?? {});
    else if (event.type === "turn-end" || event.type === "turn-error") {
      next = withAnswer({ ...next, phase: null }, (m) => beside({ ...event.message, parts: m.parts }, m.siblings));
      ended = crc32(textOf(next.messages.at(-1))) === event.checksum ? "right" : "wrong";
    } else next = applyDelta(next, event);
  }
  return { content: next, ended };
}

/** All text parts of a message joined, without reasoning and tools. */
export function textOf(message: Message | undefined): string {
  let text = "";
  for (const part of message?.parts ?? []) if (part.type === "text") text += part.text;
  return text;
}

/** A turn may go on with an answer that is there already: then its messages come with the parts that they have. */
function startTurn(content: Content, turn: string, given: readonly Message[], siblings: Siblings): Content {
  const phase: Phase = { type: "sending" };
  const fresh = given.map((message) => beside(message, siblings[message.id]));
  if (content.kind === "turn") return { ...content, turn, messages: fresh, more: false, phase };
  const { kept, more } = pathBefore(content, fresh[0]);
  return { ...content, turn, messages: [...kept, ...fresh], more, phase };
}

type Siblings = Record<string, readonly string[]>;

function beside(message: Message, siblings: readonly string[] | undefined): Message {
  return siblings && siblings !== message.siblings ? { ...message, siblings } : message;
}

/**
 * The loaded messages before `first`. It is on the path itself if its answer goes on or is asked for again, and a sibling of
 * it is if it was edited; else it stands below its parent, and what stood there leaves the path.
 */
function pathBefore(content: Content, first: Message | undefined): { kept: readonly Message[]; more: boolean } {
  const { messages: held, more } = content;
  if (!first) return { kept: held, more };
  const place = held.findIndex((m) => m.id === first.id || first.siblings?.includes(m.id));
  if (place >= 0) return { kept: held.slice(0, place), more };
  if (first.parent === null) return { kept: [], more: false };
  const at = placeOf(content, first.parent);
  return at >= 0 ? { kept: held.slice(0, at + 1), more } : { kept: [], more: true };
}

function applyDelta(content: Content, event: Event): Content {
  switch (event.type) {
    case "text-delta":
      return grow(content, "text", event.text);
    case "reasoning-delta":
      return grow(content, "reasoning", event.text);
    case "tool-call-delta":
      return { ...withAnswer(content, (m) => ({ ...m, parts: growCall(m.parts, event) })), phase: null };
    case "tool-result":
      return { ...withAnswer(content, (m) => ({ ...m, parts: [...m.parts, resultOf(event)] })), phase: null };
    case "usage":
      return withAnswer(content, (m) => ({ ...m, usage: event.usage, cost: event.cost ?? m.cost }));
    case "model":
      return withAnswer(content, (m) => ({ ...m, model: event.model }));
    case "finish":
      return withAnswer(content, (m) => ({ ...m, finish_reason: event.reason ?? m.finish_reason }));
    case "request-sent":
      return { ...content, phase: { type: "sent" } };
    case "waiting":
      return { ...content, phase: { type: "waiting", seconds: event.seconds } };
    case "loading": {
      const { text, seconds, progress = null } = event;
      return { ...content, phase: { type: "loading", text, progress, seconds } };
    }
    case "retry":
      return { ...content, phase: { type: "retry", attempt: event.attempt, delay: event.delay, reason: event.reason } };
    default:
      return content; // a kind of event that a newer kernel knows: the position still moves
  }
}

function withAnswer(content: Content, change: (message: Message) => Message): Content {
  const last = content.messages.at(-1);
  if (last?.role !== "assistant") return content;
  return { ...content, messages: [...content.messages.slice(0, -1), change(last)] };
}

function grow(content: Content, type: "text" | "reasoning", text: string): Content {
  const next = withAnswer(content, (m) => {
    const last = m.parts.at(-1);
    if (last?.type !== type) return { ...m, parts: [...m.parts, { type, text }] };
    return { ...m, parts: [...m.parts.slice(0, -1), grown(last, text)] };
  });
  return { ...next, phase: null };
}

function resultOf({ call_id, text, error, denied }: Extract<Event, { type: "tool-result" }>): Part {
  return { type: "tool-result", call_id, text, ...(error ? { error } : {}), ...(denied ? { denied } : {}) };
}

/** Call number n is the n-th tool-call part of the whole answer: a turn counts on over its requests, and after a resume. */
function growCall(parts: readonly Part[], event: Extract<Event, { type: "tool-call-delta" }>): Part[] {
  const calls = parts.flatMap((part, at) => (part.type === "tool-call" ? [at] : []));
  const at = calls[event.index] ?? parts.length;
  const old = (parts[at] as ToolCallPart | undefined) ?? { type: "tool-call", id: "", name: "", arguments: "" };
  const part: ToolCallPart = {
    ...old,
    id: old.id || (event.id ?? ""),
    name: old.name || (event.name ?? ""),
    arguments: old.arguments + (event.arguments ?? ""),
  };
  return [...parts.slice(0, at), part, ...parts.slice(at + 1)];
}

function isBlank(message: Message | undefined): boolean {
  return !message || message.parts.length === 0;
}
