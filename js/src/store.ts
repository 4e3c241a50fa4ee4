/**
 * Store: one model's state in the page, and what people can ask of it. Every view of the model draws the same store.
 *
 * Owns the link between the model (traits, custom messages), the receiver and the views. Must not know how it is drawn.
 * `initialize` creates it, synchronously; it lives as long as the model.
 */
import type { Memory } from "./memory.ts";
import type { Model } from "./model.ts";
import { type Draft, Outbox } from "./outbox.ts";
import { randomId, registry } from "./registry.ts";
import { Schedule } from "./schedule.ts";
import { keep } from "./snapshot.ts";
import { Stop } from "./stop.ts";
import { FRESH, TRAITS, traitsOf, type ViewState } from "./view_state.ts";
import { type Growth, growthOf } from "./wire/growth.ts";
import type { ErrorInfo, Part } from "./wire/messages.ts";
import type { Incoming, Outgoing, Snapshot } from "./wire/protocol.ts";
import { Receiver } from "./wire/receiver.ts";
import type { Approval } from "./wire/traits.ts";

type Send = Extract<Outgoing, { op: "send" }>;
export type Reply = Extract<Incoming, { op: "reply" }>;

const EMPTY: Snapshot = { generation: 0, seq: 0, ended: true, turn: null, messages: [], more: false };
const PAGE_PATIENCE = 5_000;
/** How long a deletion can be taken back. Milliseconds. */
const UNDO_PATIENCE = 10_000;

export class Store {
  state: ViewState;
  /** What views keep beyond their life, given by the app that draws them; another one as soon as another conversation is shown. */
  memory!: Memory;
  /** Takes what comes for the thread that a turn's view has unfolded into (views/unfolded); null when the store is no more. */
  onThread: ((told: Extract<Incoming, { op: "thread" }> | null) => void) | null = null;
  /** Who waits for the reply to what (`calls.ts`); told null when the store is no more. */
  readonly replies = new Map<string, (reply: Reply | null) => void>();

  private readonly receiver: Receiver;
  private readonly outbox: Outbox;
  private readonly stopping: Stop;
  private readonly schedule = new Schedule();
  private readonly listeners = new Set<() => void>();
  private readonly extra = { ...FRESH };
  private keeping = false;

  constructor(readonly model: Model) {
    const snapshot = (model.get("snapshot") as Snapshot | null) ?? EMPTY;
    const send = (message: Outgoing) => this.send(message);
    const refresh = () => this.refresh();
    this.receiver = new Receiver(traitsOf(this.model).kind, snapshot, send, registry().page);
    this.outbox = new Outbox(send, this.schedule, refresh);
    this.stopping = new Stop(model, send, this.schedule, refresh);
    this.extra.continues = snapshot.continues ?? snapshot.origin ?? "";
    this.state = this.build();
  }

  /** Listen to the model and say hello. `signal` ends it all. */
  start(signal?: AbortSignal): void {
    this.attend("on");
    registry().stores.add(this);
    signal?.addEventListener("abort", () => this.dispose());
    this.receiver.start(traitsOf(this.model).status, performance.now());
    this.takeApprovals();
  }

  dispose(): void {
    this.onThread?.(null);
    for (const end of [...this.replies.values()]) end(null);
    this.schedule.clear();
    this.listeners.clear();
    registry().stores.delete(this);
    this.attend("off");
  }

  private attend(way: "on" | "off"): void {
    this.model[way]("msg:custom", this.receive);
    for (const name of Object.keys(TRAITS)) this.model[way](`change:${name}`, this.traitChanged);
    this.model[way]("change:snapshot", this.snapshotChanged);
    this.model[way]("change:approvals", this.takeApprovals);
  }

  /** Call `listener` after every change; returns how to stop that. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Send a question with what goes along; `restore` gives its text back to where it was typed if the kernel refuses it. */
  submit(text: string, restore: (text: string) => void, more: Pick<Send, "attachments" | "mentions"> = {}): void {
    const { conversation: shown } = this.state;
    const ask = { op: "send", text, client_id: randomId(), ...more, ...(shown && { shown }) } as const;
    this.request({ ask, text, restore });
  }

  /** Ask for something that is paid for, or that somebody typed: it is sent until the kernel has it, and refused visibly. */
  request(draft: Draft): void {
    this.forget();
    this.outbox.submit(draft, this.receiver.content);
    this.refresh();
  }

  /** Ask for something once; what it changes comes back as state. */
  ask(message: Outgoing): void {
    this.forget();
    this.send(message);
    this.refresh();
  }

  stop(): void {
    // named, so that the copy which comes late does not stop the turn after it
    this.stopping.ask(this.receiver.position.ended ? null : this.receiver.content.turn);
  }

  older(): void {
    const first = this.state.messages[0];
    if (!first || this.extra.paging) return;
    this.extra.paging = true;
    this.send({ op: "page", before: first.id });
    this.schedule.set("page", PAGE_PATIENCE, () => this.endPaging());
    this.refresh();
  }

  /** Keep the words of a question that waits in this page: those of a private conversation are not in its queue. */
  typed(turn: string, text: string): void {
    if (traitsOf(this.model).private && text) this.memory.set(`typed ${turn}`, text);
  }

  /** Let a deletion be taken back for a while; `held` as long as somebody is about to. */
  offerUndo(held: boolean): void {
    if (held) this.schedule.cancel("undo");
    else
      this.schedule.set("undo", UNDO_PATIENCE, () => {
        this.extra.deleted = null;
        this.refresh();
      });
  }

  /** Something new is asked for: what was refused or deleted before is over. */
  private forget(): void {
    this.extra.refused = this.extra.deleted = null;
  }

  /** By what a part has grown: known to the module that reduced it, of which each model has its own. */
  growthOf(part: Part): Growth | undefined {
    return growthOf(part);
  }

  /** Send, once, whatever becomes of it; what was refused to a person is not over by it (`ask`). */
  send(message: Outgoing): void {
    try {
      this.model.send(message);
      this.extra.lost = false;
    } catch {
      this.schedule.set("lost", 0, this.lose); // a closed comm; whoever sends may not have finished
    }
  }

  /** Give back what was typed, and ask no more until somebody does, or the kernel says something. */
  readonly lose = (): void => {
    if (this.extra.lost && this.outbox.pending.length === 0) return;
    this.extra.lost = true;
    this.stopping.end();
    for (const { client } of this.outbox.pending) this.outbox.refused(client);
    this.refresh();
  };

  private readonly receive = (message: Incoming): void => {
    const now = performance.now();
    this.extra.lost = false;
    switch (message.op) {
      case "append":
        if (this.receiver.append(message, now)) this.keepSnapshot();
        break;
      case "snapshot":
        for (const [name, value] of Object.entries(message.state ?? {})) this.model.set(name, value);
        this.adopt(message.snapshot, now);
        break;
      case "page":
        this.receiver.older(message);
        this.endPaging();
        break;
      case "reply":
        this.replies.get(message.ask)?.(message);
        break;
      case "sent":
        this.typed(message.turn, this.outbox.sent(message.client_id, message.turn));
        break;
      case "refused":
        this.refuse(message.client_id, message.error);
        break;
      case "stopping":
        this.stopping.answered(message.counting);
        break;
      case "deleted":
        this.receiver.deleted(message.messages);
        this.extra.deleted = message.messages;
        this.offerUndo(false);
        this.keepSnapshot();
        break;
      case "part":
        this.extra.parts = new Map(this.extra.parts).set(`${message.message} ${message.part}`, message.content);
        break;
      case "thread":
        this.onThread?.(message);
        return;
      case "asset":
        registry().arrivals.get(message.name)?.(message.code);
        break;
    }
    this.refresh();
  };

  /** Another conversation is shown: what was under way belongs to the one before; what the kernel did not say it has is given back. */
  private leave(): void {
    for (const { client, turn } of this.outbox.pending) if (turn === null) this.outbox.refused(client);
    this.stopping.end();
    Object.assign(this.extra, FRESH);
  }

  private readonly traitChanged = (): void => {
    if (traitsOf(this.model).conversation !== this.state.conversation) this.leave();
    this.receiver.hint(traitsOf(this.model).status, performance.now());
    this.refresh();
  };

  /** What waits for consent is taken out of the model, whose state a saved notebook keeps; never sent anywhere. */
  private readonly takeApprovals = (): void => {
    const waiting = this.model.get("approvals") as Approval[] | null | undefined;
    if (waiting) {
      this.extra.approvals = waiting;
      if (waiting.length > 0) this.model.set("approvals", null); // not [], which the kernel says when nothing waits any more
    }
    this.refresh();
  };

  private readonly snapshotChanged = (): void => {
    if (this.keeping || traitsOf(this.model).private) return; // of a private conversation the trait is always empty
    const snapshot = this.model.get("snapshot") as Snapshot | null;
    if (snapshot) this.adopt(snapshot, performance.now());
    this.refresh();
  };

  private adopt(snapshot: Snapshot, now: number): void {
    if (!this.receiver.snapshot(snapshot, now)) return;
    this.extra.continues = snapshot.continues ?? snapshot.origin ?? "";
    this.keepSnapshot();
  }

  private refuse(client: string | null, error: ErrorInfo): void {
    if (client !== null && !this.outbox.refused(client)) return; // typed in another page, which shares this model
    this.extra.refused = error;
  }

  private endPaging(): void {
    this.extra.paging = false;
    this.schedule.cancel("page");
    this.refresh();
  }

  /** Keep the model's `snapshot` current in the page, so that a saved notebook holds the answer. Never sent anywhere. */
  private keepSnapshot(): void {
    const wait = this.receiver.position.ended ? 50 : 5_000;
    this.schedule.once(this.receiver.position.ended ? "keep-end" : "keep", wait, () => {
      const { content, position } = this.receiver;
      this.keeping = true; // of a private conversation nothing, nor of what was shown before it
      this.model.set("snapshot", traitsOf(this.model).private ? EMPTY : keep(content, position, this.extra.continues));
      this.keeping = false;
    });
  }

  private refresh(): void {
    if (this.receiver.position.ended) this.stopping.end();
    this.outbox.settle(this.receiver.content, traitsOf(this.model).queue);
    this.state = this.build();
    const due = this.extra.lost ? null : this.receiver.due;
    if (due === null) this.schedule.cancel("tick");
    else this.schedule.set("tick", due - performance.now(), this.tick);
    for (const listener of [...this.listeners]) listener();
  }

  private readonly tick = (): void => {
    this.receiver.tick(performance.now());
    const due = this.receiver.due;
    if (due !== null) this.schedule.set("tick", due - performance.now(), this.tick);
  };

  private build(): ViewState {
    const { content, position } = this.receiver;
    return {
      ...content,
      ...traitsOf(this.model),
      ...this.extra,
      position,
      ended: position.ended,
      pending: this.outbox.pending,
      stopping: this.stopping.stage,
    };
  }
}
