/** The golden vectors of the wire: tests/vectors/wire/*.json, which other implementations of a reader are held to as well. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Message } from "../../src/wire/messages.ts";
import type { Append, Outgoing, Page, Position, Snapshot } from "../../src/wire/protocol.ts";
import { Receiver } from "../../src/wire/receiver.ts";
import { textOf } from "../../src/wire/reduce.ts";
import type { Kind, SessionStatus } from "../../src/wire/traits.ts";

type Input =
  | Append
  | { op: "snapshot"; snapshot: Snapshot }
  | Page
  | { op: "deleted"; messages: string[] }
  | { advance_ms: number }
  | { status: SessionStatus };

interface Vector {
  name: string;
  rule: string;
  kind: Kind;
  status: SessionStatus;
  snapshot: Snapshot;
  steps: { in: Input; expect: { position?: Position; messages?: unknown[]; more?: boolean; sent: Outgoing[] } }[];
}

const FOLDER = join(import.meta.dirname, "../../../tests/vectors/wire");
const vectors = readdirSync(FOLDER).map((file) => JSON.parse(readFileSync(join(FOLDER, file), "utf8")) as Vector);

function apply(receiver: Receiver, input: Input, now: number): number {
  if ("advance_ms" in input) {
    const end = now + input.advance_ms;
    for (let due = receiver.due; due !== null && due <= end; due = receiver.due) receiver.tick(due);
    return end;
  }
  if ("status" in input) receiver.hint(input.status, now);
  else if (input.op === "append") receiver.append(input, now);
  else if (input.op === "snapshot") receiver.snapshot(input.snapshot, now);
  else if (input.op === "deleted") receiver.deleted(input.messages);
  else receiver.older(input);
  return now;
}

/** A vector names of each message what it is about. */
function told(messages: readonly Message[]) {
  return messages.map((each) => ({ ...each, text: textOf(each) }));
}

describe("wire vectors", () => {
  test("are there", () => {
    expect(vectors.length).toBeGreaterThanOrEqual(40);
  });

  test.each(vectors.map((vector) => [vector.name, vector.rule, vector] as const))("%s: %s", (_name, _rule, vector) => {
    let sent: Outgoing[] = [];
    const receiver = new Receiver(vector.kind, vector.snapshot, (message) => sent.push(message), "page");
    let now = 1_000;
    receiver.start(vector.status, now);
    const { generation, seq } = vector.snapshot;
    expect(sent).toEqual([{ op: "hello", generation, have: seq, page: "page" }]);
    for (const [at, step] of vector.steps.entries()) {
      sent = [];
      now = apply(receiver, step.in, now);
      const got = {
        position: receiver.position,
        messages: told(receiver.content.messages),
        more: receiver.content.more,
        sent,
      };
      expect(got, `step ${at}: ${JSON.stringify(step.in)}`).toMatchObject(step.expect);
      expect(sent, `step ${at} sends`).toEqual(step.expect.sent);
    }
  });
});
