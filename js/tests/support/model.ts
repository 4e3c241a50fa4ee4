/** A model as anywidget gives it, without a kernel: traits are set by hand and what a view sends is kept. */
import type { Model } from "../../src/model.ts";
import type { Incoming, Outgoing } from "../../src/wire/protocol.ts";

type Callback = (...args: never[]) => void;

export class FakeModel implements Model {
  readonly sent: Outgoing[] = [];
  onSend: ((message: Outgoing) => void) | null = null;
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

  /** The kernel sends a custom message. */
  deliver(message: Incoming): void {
    this.emit("msg:custom", message);
  }

  private emit(name: string, ...args: unknown[]): void {
    for (const callback of this.listeners.get(name) ?? []) (callback as (...args: unknown[]) => void)(...args);
  }
}
