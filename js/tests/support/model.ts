/** A model as anywidget gives it, without a kernel: traits are set by hand and what a view sends is kept. */
import type { Model } from "../../src/model.ts";
import type { Asking, Asks } from "../../src/wire/calls.ts";
import type { ErrorInfo } from "../../src/wire/messages.ts";
import type { Incoming, Outgoing } from "../../src/wire/protocol.ts";

/** The traits of a thread in which nothing runs. */
export const QUIET = {
  kind: "thread",
  status: "idle",
  title: "notes",
  model: "lab/tiny",
  usage: null,
  cost: "–",
  notice: null,
  offers: [],
  queue: [],
  approvals: [],
  private: false,
  kernels: null,
  outlook: null,
};

type Callback = (...args: never[]) => void;

export class FakeModel implements Model {
  readonly sent: Outgoing[] = [];
  onSend: ((message: Outgoing) => void) | null = null;
  /** What the kernel replies to what is asked for, by op; an `ErrorInfo` in `denied` is said instead. */
  readonly answers: { [Op in keyof Asks]?: Asks[Op][1] | ((asked: Asks[Op][0]) => Asks[Op][1]) } = {};
  readonly denied: { [Op in keyof Asks]?: ErrorInfo } = {};
  private readonly listeners = new Map<string, Set<Callback>>();

  constructor(readonly values: Record<string, unknown> = {}) {}

  get(name: string): unknown {
    return this.values[name];
  }

  set(name: string, value: unknown): void {
    this.values[name] = value;
    this.emit(`change:${name}`);
  }

  send(message: Outgoing): void {
    this.sent.push(message);
    this.onSend?.(message);
    if ("ask" in message) this.reply(message);
  }

  on(name: string, callback: Callback): void {
    const known = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, known.add(callback));
  }

  off(name?: string | null, callback?: Callback | null): void {
    if (name && callback) this.listeners.get(name)?.delete(callback);
    else if (name) this.listeners.delete(name);
    else this.listeners.clear();
  }

  private reply(message: Asking): void {
    const { ask, op } = message;
    const answer = this.answers[op] as unknown;
    const error = this.denied[op];
    const value = typeof answer === "function" ? answer(message) : answer;
    if (error) queueMicrotask(() => this.deliver({ op: "reply", ask, error }));
    else if (value !== undefined) queueMicrotask(() => this.deliver({ op: "reply", ask, value }));
  }

  /** The kernel sends a custom message. */
  deliver(message: Incoming): void {
    this.emit("msg:custom", message);
  }

  private emit(name: string, ...args: unknown[]): void {
    for (const callback of this.listeners.get(name) ?? []) (callback as (...args: unknown[]) => void)(...args);
  }
}
