/** The part of anywidget's model that a view uses. */
import type { Outgoing } from "./wire/protocol.ts";

export interface Model {
  get(name: string): unknown;
  set(name: string, value: unknown): void;
  send(message: Outgoing): void;
  on(name: string, callback: (...args: never[]) => void): void;
  /** The host's, where it hands one out; what is in it is looked at before it is used. */
  widget_manager?: unknown;
  off(name?: string | null, callback?: ((...args: never[]) => void) | null): void;
}
