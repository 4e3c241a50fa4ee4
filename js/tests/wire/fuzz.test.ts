/**
 * A kernel in miniature behind a wire that loses, doubles and reorders: whatever happens, every view ends with the truth.
 *
 * Seeded: a failure names its seed. NBCHAT_FUZZ sets the number of trials.
 */
import { describe, expect, test } from "vitest";
import { crc32 } from "../../src/wire/crc32.ts";
import type { Message } from "../../src/wire/messages.ts";
import type { Append, Event, Incoming, Outgoing, Snapshot } from "../../src/wire/protocol.ts";
import { Receiver } from "../../src/wire/receiver.ts";
import { textOf } from "../../src/wire/reduce.ts";
import type { Kind } from "../../src/wire/traits.ts";
import { message } from "../support/messages.ts";

const TRIALS = Number(process.env.NBCHAT_FUZZ ?? 3_000);

/** Mulberry32: small, and the same everywhere. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Keeps the log of one conversation and answers hellos, as the kernel does. */
class ModelKernel {
  generation = 0;
  seq = 0;
  ended = true;
  readonly messages: Message[] = [];
  private log: Event[][] = [];
  private kept = 0;

  constructor(private readonly random: () => number) {}

  /** A turn begins: a question at the end, the last one with other words, its answer anew, or the rest of that. */
  begin(): Append {
    const n = this.generation + 1;
    const kind = this.messages.length > 0 ? Math.floor(this.random() * 6) : 0;
    const lastAnswer = kind > 2 ? this.messages.pop() : undefined;
    const lastQuestion = kind > 2 ? this.messages.pop() : undefined;
    const parent = this.messages.at(-1)?.id ?? null;
    const asked = lastQuestion && kind > 3 ? lastQuestion : message(`q${n}`, "user", `question ${n}`, { parent });
    const answer: Message =
      lastAnswer && kind === 5
        ? { ...lastAnswer, status: "streaming" }
        : message(`a${n}`, "assistant", "", { parent: asked.id, status: "streaming" });
    const siblings = {
      ...(lastQuestion && kind === 3 ? { [asked.id]: [lastQuestion.id, asked.id] } : {}),
      ...(lastAnswer && kind === 4 ? { [answer.id]: [lastAnswer.id, answer.id] } : {}),
    };
    this.messages.push(...[asked, answer].map((m) => ({ ...m, siblings: siblings[m.id] ?? m.siblings ?? [] })));
    Object.assign(this, { generation: n, seq: 0, ended: false, log: [], kept: 0 });
    return this.write([{ type: "turn-start", turn: `t${n}`, messages: [asked, answer], siblings }]);
  }

  say(text: string): Append {
    const answer = this.messages.pop() as Message;
    this.messages.push({ ...answer, parts: [{ type: "text", text: textOf(answer) + text }] });
    return this.write([{ type: "text-delta", text }]);
  }

  end(): Append {
    const answer: Message = { ...(this.messages.pop() as Message), status: "complete" };
    this.messages.push(answer);
    const written = this.write([
      { type: "turn-end", turn: "t", message: { ...answer, parts: [] }, checksum: crc32(textOf(answer)) },
    ]);
    this.ended = true;
    return written;
  }

  snapshot(): Snapshot {
    const { generation, seq, ended } = this;
    return { generation, seq, ended, turn: `t${generation}`, messages: structuredClone(this.messages), more: false };
  }

  /** The tail of the log in one to three messages where it reaches back far enough, else a snapshot; nothing if current. */
  answer(hello: Outgoing): Incoming[] {
    if (hello.op !== "hello") return [];
    if (hello.generation !== this.generation || hello.have < this.kept) {
      const before = hello.generation === this.generation - 1 || this.generation === 0;
      return before && this.generation === 0 ? [] : [{ op: "snapshot", snapshot: this.snapshot() }];
    }
    const found: Incoming[] = [];
    for (let at = hello.have; at < this.seq; ) {
      const to = Math.min(this.seq, at + 1 + Math.floor(this.random() * 20));
      found.push({
        op: "append",
        generation: this.generation,
        after: at,
        seq: to,
        events: this.log.slice(at, to).flat(),
      });
      at = to;
    }
    return found;
  }

  private write(events: Event[]): Append {
    this.log.push(events);
    this.seq++;
    if (this.random() < 0.02) this.kept = Math.floor(this.seq / 2); // the tail is bounded
    return { op: "append", generation: this.generation, after: this.seq - 1, seq: this.seq, events };
  }
}

interface Flight {
  at: number;
  message: Incoming;
}

/** One view, and the messages on their way to it. */
class Peer {
  readonly receiver: Receiver;
  private flights: Flight[] = [];

  constructor(
    private readonly kernel: ModelKernel,
    private readonly random: () => number,
    private readonly loss: () => number,
    kind: Kind,
    public now: number,
  ) {
    this.receiver = new Receiver(kind, kernel.snapshot(), (out) => this.hello(out), "page");
    this.receiver.start(kernel.ended ? "idle" : "streaming", now);
  }

  post(message: Incoming): void {
    if (this.random() < this.loss()) return;
    const copies = this.random() < 0.1 ? 2 : 1;
    for (let n = 0; n < copies; n++) {
      const delay = this.random() < 0.2 ? this.random() * 400 : 1;
      this.flights.push({ at: this.now + delay, message });
    }
  }

  /** Let time pass: deliver what arrives, tick when due. */
  run(until: number): void {
    for (;;) {
      this.flights.sort((a, b) => a.at - b.at);
      const flight = this.flights[0];
      const next = Math.min(flight?.at ?? Number.POSITIVE_INFINITY, this.receiver.due ?? Number.POSITIVE_INFINITY);
      if (next > until) break;
      this.now = Math.max(this.now, next);
      if (flight && flight.at <= this.now) {
        this.flights.shift();
        this.deliver(flight.message);
      } else this.receiver.tick(this.now);
    }
    this.now = until;
  }

  private hello(out: Outgoing): void {
    for (const message of this.kernel.answer(out)) this.post(message);
  }

  private deliver(message: Incoming): void {
    if (message.op === "append") this.receiver.append(message, this.now);
    else if (message.op === "snapshot") this.receiver.snapshot(message.snapshot, this.now);
  }
}

function trial(seed: number): { got: string[]; truth: string[] } {
  const random = generator(seed);
  const kernel = new ModelKernel(random);
  let loss = random() * 0.6;
  const peers: Peer[] = [];
  let now = 0;
  const join = () => peers.push(new Peer(kernel, random, () => loss, "thread", now));
  const publish = (...messages: Append[]) => {
    for (const message of messages) {
      now += random() < 0.1 ? random() * 900 : random() * 60;
      for (const peer of peers) {
        peer.run(now);
        peer.post(message);
        if (random() < 0.03) peer.receiver.hint(kernel.ended ? "idle" : "streaming", now);
      }
    }
    if (random() < 0.05) join();
  };
  join();
  const turns = 1 + Math.floor(random() * 4);
  for (let turn = 0; turn < turns; turn++) {
    const usual = loss;
    if (turn === turns - 1) loss = 0; // a turn of which nothing at all arrives is found out by the next one's messages
    publish(kernel.begin());
    loss = usual;
    const pieces = Math.floor(random() * 40);
    for (let n = 0; n < pieces; n++)
      publish(kernel.say(`${turn}.${n} ${"xyzzy é👋 ".slice(0, Math.floor(random() * 10))}`));
    publish(kernel.end());
  }
  // from here on the wire is healthy, and the session's status comes through
  loss = 0;
  if (random() < 0.5) publish(kernel.begin(), kernel.say("the last word"), kernel.end());
  for (const peer of peers) peer.receiver.hint("idle", now);
  for (const peer of peers) peer.run(now + 40_000);
  const all = (messages: readonly Message[]) =>
    messages.map((each) => `${each.id} ${each.status} ${each.siblings ?? ""} ${textOf(each)}`).join("\n");
  return {
    got: peers.map((peer) => all(peer.receiver.content.messages)),
    truth: peers.map(() => all(kernel.messages)),
  };
}

describe("any loss, doubling, order and moment of joining", () => {
  test(`ends with the kernel's text, in ${TRIALS} seeded trials`, () => {
    for (let seed = 1; seed <= TRIALS; seed++) {
      const { got, truth } = trial(seed);
      expect(got, `seed ${seed}`).toEqual(truth);
    }
  });

  test("30 % loss to the very end, status included, is made good: for most within 2 s, for all within 30 s", () => {
    let late = 0;
    const trials = 300;
    for (let seed = 1; seed <= trials; seed++) {
      const random = generator(seed);
      const kernel = new ModelKernel(random);
      const peer = new Peer(kernel, random, () => 0.3, "thread", 0);
      let now = 0;
      const publish = (message: Append) => {
        now += 33;
        peer.run(now);
        peer.post(message);
      };
      publish(kernel.begin());
      for (let n = 0; n < 60; n++) publish(kernel.say(`word ${n} `));
      publish(kernel.end());
      if (random() > 0.3) peer.receiver.hint("idle", now);
      peer.run(now + 2_000);
      if (!peer.receiver.position.ended) late++;
      peer.run(now + 30_000);
      expect(peer.receiver.position.ended, `seed ${seed}`).toBe(true);
    }
    expect(late / trials).toBeLessThan(0.2);
  });
});
