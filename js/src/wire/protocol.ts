/**
 * The wire between kernel and browser as types: what the kernel sends, and what a view sends.
 *
 * Owns names and shapes alone; what a view does with a message is `reduce` and `receiver`.
 */
import type { Asking } from "./calls.ts";
import type { Attachment, Cost, ErrorInfo, Message, Part, Usage } from "./messages.ts";
import type { Traits } from "./traits.ts";

export type Event =
  | { type: "turn-start"; turn: string; messages: Message[]; siblings?: Record<string, string[]> }
  | { type: "tool-result"; call_id: string; text: string; error?: boolean; denied?: boolean }
  | { type: "text-delta"; text: string }
  | { type: "reasoning-delta"; text: string }
  | { type: "tool-call-delta"; index: number; id?: string; name?: string; arguments?: string }
  | { type: "usage"; usage: Usage; cost?: Cost }
  | { type: "model"; model: string }
  | { type: "finish"; reason?: string | null }
  | { type: "retry"; attempt: number; delay: number; reason: string }
  | { type: "left-out"; parameter: string }
  | { type: "waiting"; seconds: number }
  | { type: "loading"; text: string; progress?: number; seconds: number; again?: number }
  | { type: "request-sent" }
  | { type: "turn-end" | "turn-error"; turn: string; message: Message; checksum: number; total?: Cost };

/**
 * How far a view has been told. A view counts generations of its own: each turn that it shows begins one, and so does each
 * change that only a snapshot tells (another branch, a deleted message). `seq` is the entry of that turn's log; `ended` says
 * that nothing runs there (any more).
 */
export interface Position {
  generation: number;
  seq: number;
  ended: boolean;
}

/** The state of a conversation (or of one turn) at a position: its newest messages, oldest first. */
export interface Snapshot extends Position {
  turn: string | null;
  messages: Message[];
  more: boolean;
  /** Changes when older messages may be others than before: with a branch, or something deleted, hidden or restored. */
  path?: number;
  /** The messages before these, oldest first, for a page that holds some of them: what may have changed, without the text. */
  before?: readonly Mark[];
  subscribers?: number;
  origin?: string;
  continues?: string;
}

/** Entries `after + 1` to `seq` of one turn's log. */
export interface Append {
  op: "append";
  generation: number;
  after: number;
  seq: number;
  events: Event[];
}

/** A message without its text, which is the same as long as `status` and `seconds` are. */
export type Mark = Pick<Message, "id" | "parent" | "status" | "seconds" | "hidden" | "siblings">;

/** Messages older than `before`, of the path that a snapshot gave the same number. */
export interface Page {
  op: "page";
  messages: Message[];
  more: boolean;
  before?: string;
  path?: number;
}

/** A part of the front end that is a file of its own: the app, what is opened on demand, formulas. */
export type AssetName = "app" | "extras" | "math";

/** Everything that the kernel sends as a custom message. */
export type Incoming =
  | Append
  /** With `state` where this view has come to show another conversation. */
  | { op: "snapshot"; snapshot: Snapshot; state?: Partial<Traits> }
  | Page
  | { op: "reply"; ask: string; value?: unknown; error?: ErrorInfo }
  | { op: "sent"; client_id: string; turn: string }
  | { op: "refused"; client_id: string | null; error: ErrorInfo }
  /** When `counting`, the request may be read on for what it used; a stop that is `at_once` ends that. */
  | { op: "stopping"; turn: string | null; counting?: boolean }
  /** These were deleted just now; `restore` with the same ids takes that back. */
  | { op: "deleted"; messages: string[] }
  /** The content of a part that was left out of its message. */
  | { op: "part"; message: string; part: number; content: Part }
  /** For the thread that a turn's view has unfolded into, or new values of its traits; with neither, it was closed. */
  | { op: "thread"; message?: Incoming; state?: Partial<Traits> }
  | { op: "asset"; name: AssetName; code: string };

/** Everything that a view sends. `hello` with generation -1 asks for a whole snapshot. */
export type Outgoing =
  | { op: "hello"; generation: number; have: number; page: string }
  /** `shown` is the conversation that it is meant for; `mentions` the digests of what was shown by name, "" for a name that stays text. */
  | {
      op: "send";
      text: string;
      client_id: string;
      attachments?: readonly Attachment[];
      mentions?: Readonly<Record<string, string>>;
      shown?: string;
    }
  | { op: "stop"; turn: string | null; at_once?: boolean }
  | { op: "page"; before: string }
  | { op: "visible"; page: string; visible: boolean }
  | { op: "choose"; offer: string }
  | { op: "model"; model: string; shown?: string }
  | { op: "unqueue"; turn: string }
  | { op: "requeue"; turn: string; text: string }
  /** Show the branch through this message: in this view alone. */
  | { op: "switch"; message: string }
  /** A question is asked anew with other words, an answer is replaced by hand; each beside the old one. */
  /** `without`: what was attached there, by its place among the parts. */
  | { op: "edit"; message: string; text: string; client_id: string; without?: readonly number[] }
  /** Ask again for this answer, beside the old one; in its place if nothing had come. */
  | { op: "regenerate"; message: string; client_id: string; model?: string }
  /** Go on with this answer where it was cut; from the start if nothing had come. `drop`: leave out what does not fit from now on. */
  | { op: "resume"; message: string; client_id: string; drop?: true }
  /** Ask this answer's question again with nothing of the history, as the beginning of a branch of its own. */
  | { op: "alone"; message: string; client_id: string }
  | { op: "hide"; message: string; hidden: boolean }
  | { op: "delete"; message: string }
  | { op: "restore"; messages: readonly string[] }
  /** `shown`: other conversations may wait with a call of the same id. */
  | { op: "approve"; call: string; decision: "once" | "session" | "deny"; shown?: string }
  | { op: "title"; title: string; shown?: string }
  | { op: "part"; message: string; part: number }
  /** So many tokens of files go with the question that is being written: the outlook counts them. */
  | { op: "attached"; tokens: number }
  /** Of the thread that a turn's view unfolds into, until it folds. */
  | { op: "thread"; message: Outgoing }
  | { op: "fold" }
  | Asking
  | { op: "asset"; name: AssetName };
