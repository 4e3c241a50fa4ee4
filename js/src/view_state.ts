/**
 * What a view draws: the model's traits, the messages that were received, and what the page alone knows of them.
 *
 * Owns the shape and what it begins with; must not know how it changes (`store`).
 */
import type { Model } from "./model.ts";
import type { Pending } from "./outbox.ts";
import type { Stopping } from "./stop.ts";
import type { ErrorInfo, Part } from "./wire/messages.ts";
import type { Position } from "./wire/protocol.ts";
import type { Content } from "./wire/reduce.ts";
import type { Approval, Traits } from "./wire/traits.ts";

export interface ViewState extends Traits, Omit<Content, "kind"> {
  position: Position;
  /** Whether no turn is under way. */
  ended: boolean;
  pending: readonly Pending[];
  stopping: Stopping;
  /** The last refusal of something a view asked for, until the next thing is asked. */
  refused: ErrorInfo | null;
  paging: boolean;
  continues: string;
  /** Nothing can be sent: the kernel that knew this model has ended or begun anew. */
  lost: boolean;
  /** What was deleted just now and can be taken back: the ids, for a while or until something else is asked for. */
  deleted: readonly string[] | null;
  /** Parts that were asked for because their messages came without them, by message id and number. */
  parts: ReadonlyMap<string, Part>;
}

/** What a view begins with, of whichever conversation. */
export const FRESH = {
  refused: null as ErrorInfo | null,
  paging: false,
  continues: "",
  lost: false,
  deleted: null as readonly string[] | null,
  approvals: [] as Approval[],
  parts: new Map() as ReadonlyMap<string, Part>,
};

/** The traits of a model that says nothing, by the names that are listened to; what waits for consent is apart (`Store`). */
export const TRAITS: Omit<Traits, "approvals"> = {
  kind: "thread",
  conversation: "",
  status: "idle",
  title: "",
  model: "",
  usage: null,
  cost: "",
  notice: null,
  offers: [],
  queue: [],
  engine: { state: "idle", text: "", progress: null },
  private: false,
  kernels: null,
  outlook: null,
};

export function traitsOf(model: Model): typeof TRAITS {
  const now = Object.entries(TRAITS).map(([name, otherwise]) => [name, model.get(name) ?? otherwise]);
  return Object.fromEntries(now) as typeof TRAITS;
}
