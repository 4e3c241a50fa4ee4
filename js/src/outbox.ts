/**
 * Outbox: questions that were sent and that the kernel has not shown yet.
 *
 * A question carries a client id, and the kernel takes two of one id for one: so it can be sent again when no answer comes,
 * and costs once. It leaves when its turn is seen in the queue or in the messages, or when it is refused.
 */
import type { Schedule } from "./schedule.ts";
import type { Message, Outgoing, Queued } from "./wire/protocol.ts";
import { textOf } from "./wire/reduce.ts";

/** A question as it is sent. */
export interface Draft {
  client: string;
  text: string;
  /** The last question of the conversation when this one was sent. */
  after: string | null;
  restore: (text: string) => void;
}

export interface Pending extends Draft {
  /** Set once the kernel answered. */
  turn: string | null;
  /** Nothing came back for a second: the kernel is busy or gone. */
  slow: boolean;
}

const SLOW = 1_000;
const AGAIN_FIRST = 5_000;
const AGAIN_MOST = 60_000;
/** A question that was taken but is seen nowhere (its queue entry got lost) is no longer shown as pending. */
const TAKEN = 3_000;

export class Outbox {
  pending: readonly Pending[] = [];

  constructor(
    private readonly send: (message: Outgoing) => void,
    private readonly schedule: Schedule,
    private readonly changed: () => void,
  ) {}

  submit(draft: Draft): void {
    const { client, text } = draft;
    this.pending = [...this.pending, { ...draft, turn: null, slow: false }];
    this.post(client, text, AGAIN_FIRST);
    this.schedule.set(`slow ${client}`, SLOW, () => this.change(client, { slow: true }));
  }

  /** The kernel took a question. */
  sent(client: string, turn: string): void {
    if (!this.pending.some((each) => each.client === client)) return;
    this.quiet(client);
    this.change(client, { turn, slow: false });
    this.schedule.set(`slow ${client}`, TAKEN, () => {
      this.drop(client);
      this.changed();
    });
  }

  /** Give a refused question back to where it was typed; returns whether it was one of this page's. */
  refused(client: string): boolean {
    const refused = this.pending.find((each) => each.client === client);
    this.drop(client);
    refused?.restore(refused.text);
    return refused !== undefined;
  }

  /** Let go of what can be seen elsewhere by now. */
  settle(turn: string | null, queue: readonly Queued[], last: Message | undefined): void {
    for (const each of this.pending) {
      const taken = each.turn !== null && (each.turn === turn || queue.some((other) => other.turn === each.turn));
      if (taken || (last && last.id !== each.after && textOf(last).trim() === each.text.trim())) this.drop(each.client);
    }
  }

  private post(client: string, text: string, wait: number): void {
    this.send({ op: "send", text, client_id: client });
    this.schedule.set(`again ${client}`, wait, () => this.post(client, text, Math.min(wait * 2, AGAIN_MOST)));
  }

  private change(client: string, change: Partial<Pending>): void {
    this.pending = this.pending.map((each) => (each.client === client ? { ...each, ...change } : each));
    this.changed();
  }

  private quiet(client: string): void {
    this.schedule.cancel(`again ${client}`);
    this.schedule.cancel(`slow ${client}`);
  }

  private drop(client: string): void {
    this.quiet(client);
    this.pending = this.pending.filter((each) => each.client !== client);
  }
}
