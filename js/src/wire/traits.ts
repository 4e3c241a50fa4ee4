/**
 * The synced traits of a view's model as types, and the values inside.
 *
 * Owns names and shapes alone; `view_state` reads them.
 */
import type { Usage } from "./messages.ts";

export type Kind = "thread" | "turn";
export type SessionStatus = "idle" | "submitted" | "streaming" | "error";

/** What the model's server does, as far as it says so; `progress` from 0 to 1 while it loads the model. */
export interface Engine {
  state: "idle" | "loading" | "ready" | "generating" | "error";
  text: string;
  progress: number | null;
}

export interface Notice {
  kind: "info" | "warning" | "error";
  text: string;
  hint: string;
}
/** A key or local server that was found; nothing is sent to it until somebody chooses it. */
export interface Offer {
  id: string;
  text: string;
  detail: string;
}
export interface Queued {
  turn: string;
  text: string;
  /** The names of what goes with it. */
  attachments?: readonly string[];
  /** What waits besides new questions: an answer that is to go on, or a message that is to be answered again. */
  kind?: "resume" | "regenerate";
  message?: string;
}
/** A tool call that waits for consent, with the arguments exactly as they will be used. */
export interface Approval {
  call: string;
  tool: string;
  arguments: string;
}

/**
 * What the next question in a thread will come to. All figures are the kernel's: `tokens` of history (of which some may be
 * guessed), which cost `price` with an answer of `answer` tokens ("about 500"), null where nobody knows; `length` of the model's
 * context, of which `kept` tokens are kept for the answer. `omitted` messages before `first` are not sent; `first` is null where all are, or none.
 * `sees` is whether the model takes pictures, where its listing says so.
 */
export interface Outlook {
  tokens: number;
  estimated: boolean;
  price: string | null;
  answer: string;
  length: number | null;
  kept: number;
  first: string | null;
  omitted: number;
  sees?: boolean;
}

/** `producer` is the name of a notebook or of a host, "" for this kernel. */
export interface Kernels {
  producer: string;
  watchers: number;
}

/** The synced traits of a view's model: written by the kernel alone. */
export interface Traits {
  kind: Kind;
  /** The id of the conversation that is shown: what is kept in the page is kept by it. */
  conversation: string;
  status: SessionStatus;
  title: string;
  model: string;
  usage: Usage | null;
  cost: string;
  notice: Notice | null;
  offers: Offer[];
  queue: Queued[];
  approvals: Approval[];
  engine: Engine;
  /** Nothing of this conversation is saved: neither in the database nor in the notebook. */
  private: boolean;
  /** Where the turn runs, if not in this kernel, and in how many others it is followed; null where neither is so. */
  kernels: Kernels | null;
  /** Null in a turn's view. */
  outlook: Outlook | null;
}
