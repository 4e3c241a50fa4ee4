/** Messages and snapshots for tests, with everything that a test does not care about filled in. */
import type { Message, Part } from "../../src/wire/messages.ts";
import type { Snapshot } from "../../src/wire/protocol.ts";

export function message(
  id: string,
  role: Message["role"],
  text: string | Part[],
  more: Partial<Message> = {},
): Message {
  const parts: Part[] = typeof text === "string" ? (text ? [{ type: "text", text }] : []) : text;
  return {
    id,
    role,
    parts,
    parent: null,
    status: "complete",
    finish_reason: role === "assistant" ? "stop" : null,
    model: role === "assistant" ? "lab/tiny" : null,
    created: 1_700_000_000,
    usage: null,
    cost: null,
    error: null,
    ...more,
  };
}

/** Messages in one line: each one's parent is the one before it. */
export function line(...messages: Message[]): Message[] {
  return messages.map((each, at) => ({ ...each, parent: messages[at - 1]?.id ?? null }));
}

export function snapshot(messages: Message[] = [], more: Partial<Snapshot> = {}): Snapshot {
  return { generation: messages.length ? 1 : 0, seq: 0, ended: true, turn: null, messages, more: false, ...more };
}
