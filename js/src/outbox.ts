/**
 * Outbox: what was asked for (a question, the same with other words, an answer again or more of it) and is not shown yet.
 *
 * Each carries a client id, and the kernel takes two of one id for one: so it can be sent again when no answer comes, and
 * costs once. It leaves when its turn is seen in the queue or in the messages, or when it is refused.
 */
import type { Schedule } from "./schedule.ts";
import type { Outgoing } from "./wire/protocol.ts";
import { type Content, textOf } from "./wire/reduce.ts";
import type { Queued } from "./wire/traits.ts";

export type Request = Extract<Outgoing, { client_id: string }>;

export interface Draft {
  ask: Request;
  /** The question that is to appear; "" where an answer is. */
  text: string;
  restore: (text: string) => void;
}

export interface Pending extends Draft {
  client: string;
  /** Where the conversation was when this was sent. */
  after: string;
  /** Set once the kernel answered. */
  turn: string | null;
  /** Nothing came back for a second: the kernel is busy or gone. */
  slow: boolean;
}

/** Whether an answer was asked for again, or asked to go on, and that has not begun. */
export function isAsked(pending: readonly Pending[], queue: readonly Queued[], message: string): boolean {
  const asked = ({ ask }: Pending) => ask.op !== "send" && ask.op !== "edit" && ask.message === message;
  return pending.some(asked) || queue.some((each) => each.message === message);
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

  submit(draft: Draft, content: Content): void {
    const client = draft.ask.client_id;
    this.pending = [...this.pending, { ...draft, client, after: placeOf(draft, content), turn: null, slow: false }];
    this.post(draft, "attachments" in draft.ask ? AGAIN_MOST : AGAIN_FIRST); // megabytes are not sent again lightly
    this.schedule.set(`slow ${client}`, SLOW, () => this.change(client, { slow: true }));
  }

  /** The kernel took a request; returns the question that was typed here, "" if none was. */
  sent(client: string, turn: string): string {
    const taken = this.pending.find((each) => each.client === client);
    if (!taken) return "";
    this.quiet(client);
    this.change(client, { turn, slow: false });
    this.schedule.set(`slow ${client}`, TAKEN, () => {
      this.drop(client);
      this.changed();
    });
    return taken.text;
  }

  /** Give a refused question back to where it was typed; returns whether it was one of this page's. */
  refused(client: string): boolean {
    const refused = this.pending.find((each) => each.client === client);
    this.drop(client);
    refused?.restore(refused.text);
    return refused !== undefined;
  }

  /** Let go of what can be seen elsewhere by now. */
  settle(content: Content, queue: readonly Queued[]): void {
    const last = textOf(lastQuestion(content)).trim();
    for (const each of this.pending) {
      const taken =
        each.turn !== null && (each.turn === content.turn || queue.some((other) => other.turn === each.turn));
      const seen = each.after !== placeOf(each, content) && (!each.text || last === each.text.trim());
      if (taken || seen) this.drop(each.client);
    }
  }

  /** Send, and again after a while; but not what is no request to a model: an answer that was written by hand. */
  private post(draft: Draft, wait: number): void {
    const { ask, text } = draft;
    this.send(ask);
    if (text || ask.op !== "edit")
      this.schedule.set(`again ${ask.client_id}`, wait, () => this.post(draft, Math.min(wait * 2, AGAIN_MOST)));
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

function lastQuestion(content: Content) {
  return content.messages.findLast((message) => message.role === "user");
}

/** What changes when a draft has had its effect: the last question, or else the turn and the message at the end. */
function placeOf({ text }: Draft, content: Content): string {
  return text ? (lastQuestion(content)?.id ?? "") : `${content.turn} ${content.messages.at(-1)?.id}`;
}
