/**
 * The wire between kernel and browser as types: what the kernel sends, what a view sends, and the values inside.
 *
 * Owns names and shapes alone; what a view does with a message is `reduce` and `receiver`.
 */

export type Certainty = "reported" | "estimated" | "partial" | "unknown";

/** Token counts; null is unknown, never 0. */
export interface Usage {
  input_tokens: number | null;
  cached_tokens: number | null;
  cache_write_tokens: number | null;
  output_tokens: number | null;
  reasoning_tokens: number | null;
  input_audio_tokens?: number;
  input_image_tokens?: number;
  output_audio_tokens?: number;
  output_image_tokens?: number;
  certainty: Certainty;
}

/** Money as the kernel computed, rounded and marked it; "–" where nobody knows. A page computes none. */
export interface Cost {
  text: string;
  source: string;
}

/** What went wrong (`text`) and what to do (`hint`). */
export interface ErrorInfo {
  kind: string;
  text: string;
  hint: string;
}

export interface TextPart {
  type: "text";
  text: string;
}
export interface ReasoningPart {
  type: "reasoning";
  text: string;
  seconds?: number;
}
export interface ToolCallPart {
  type: "tool-call";
  id: string;
  name: string;
  arguments: string;
}
export interface ToolResultPart {
  type: "tool-result";
  call_id: string;
  text: string;
  error?: boolean;
  /** It was not run, because nobody allowed it. */
  denied?: boolean;
}
export interface ImagePart {
  type: "image";
  url: string;
  /** What it shows, or the name of its file. */
  alt?: string;
  /** Pixels. */
  width?: number;
  height?: number;
  /** So many characters of `url` were left out: `part` asks for them. */
  left?: number;
}
/** A text file that goes with a question. */
export interface FilePart {
  type: "file";
  name: string;
  text: string;
  /** So many characters of `text` were left out: `part` asks for them. */
  left?: number;
}
export type Part = TextPart | ReasoningPart | ToolCallPart | ToolResultPart | ImagePart | FilePart;

/** What goes with a question that is sent: a picture's bytes in base64, or a file's text. */
export interface Attachment {
  kind: "image" | "text";
  name: string;
  data: string;
}

export type MessageStatus = "streaming" | "complete" | "stopped" | "error" | "interrupted";

/** One node of the conversation; `created` is in seconds since the epoch. Treated as immutable. */
export interface Message {
  id: string;
  role: "user" | "assistant" | "system" | "tool";
  parts: readonly Part[];
  parent: string | null;
  status: MessageStatus;
  finish_reason: string | null;
  model: string | null;
  created: number;
  usage: Usage | null;
  cost: Cost | null;
  error: ErrorInfo | null;
  /** What was sent along with the request, where the kernel knows: temperature and the like; null was given and left out. */
  parameters?: Record<string, unknown>;
  /** Seconds from the request to the first token, and to the end. */
  first_token_seconds?: number;
  seconds?: number;
  /** Not sent to the model any more. */
  hidden?: boolean;
  /** Of an answer: how many of the messages before it were not sent, because the model's context was full. */
  omitted?: number;
  /** The ids of all messages in this place of the tree, itself among them, oldest first; absent where it is alone. */
  siblings?: readonly string[];
}

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

/**
 * A model as the menu shows it; `price` (of a million tokens in, and out) and `about` (a local one's size, and where it is) are text
 * for people.
 */
export interface ModelInfo {
  id: string;
  name: string;
  context_length: number | null;
  price?: readonly [string, string];
  /** What it can do, where the listing says so: "tools", "vision", ... */
  can?: readonly string[];
  about?: string;
  /** One of the last ten that were asked. */
  recent?: boolean;
}

/** Those of the models that have all words of a query that are sent, and how many there are. */
export interface ModelList {
  models: ModelInfo[];
  total: number;
  /** What went wrong at a provider that could not be asked. */
  error: ErrorInfo | null;
}

/** A conversation as the drawer lists it; `updated` in seconds since the epoch, `snippet` where its text has what was sought. */
export interface ConversationInfo {
  id: string;
  title: string;
  name: string;
  updated: number;
  cost?: string;
  running?: boolean;
  messages?: number;
  snippet?: string;
  private?: boolean;
  archived?: boolean;
}

/** Some requests of a conversation: of one model, for one purpose, or all of them. */
export interface Share {
  name: string;
  requests: number;
  /** How many of them ended in an error. */
  failed: number;
  usage: Usage;
  cost: string;
  certainty: Certainty;
}

/** Where the money and the tokens of a conversation went, and what its context holds. */
export interface Breakdown {
  all: Share;
  models: Share[];
  purposes: Share[];
  context: Outlook & { parts: { name: string; tokens: number }[] };
}

/** A piece of a file; or where the kernel wrote it. */
export type Exported = { of: string; name: string; text: string; piece: number; pieces: number } | { path: string };

/** A name of a question and what goes along for it; `digest` tells whether it is still the same when it is sent. */
export interface Mention {
  name: string;
  /** What it stands for, in a word or two. */
  kind: string;
  tokens: number;
  digest: string;
  /** Of a picture, in pixels. */
  size?: string;
  /** What kept it from being described. */
  note?: string;
}

/** What can be asked for, with the fields that say what, and what the reply holds. `shown` is the conversation in view afterwards. */
export interface Asks {
  models: [{ query: string }, ModelList];
  conversations: [
    { query: string; archived: boolean },
    { conversations: ConversationInfo[]; more: boolean; shown: string },
  ];
  /** Show this conversation in this view. */
  open: [{ conversation: string }, { shown: string }];
  new: [object, { shown: string }];
  rename: [{ conversation: string; title: string }, { title: string }];
  archive: [{ conversation: string; archived: boolean }, { shown: string }];
  /** Delete an archived one for good. */
  erase: [{ conversation: string }, { shown: string }];
  breakdown: [object, Breakdown];
  /** What would go along with this text for the names in it. */
  mentions: [{ text: string }, { mentions: Mention[] }];
  /** The names that there are, with what they are. */
  names: [object, { names: [string, string][] }];
  /** `of`: the export that a later piece belongs to; `save`: write it beside the notebook. */
  export: [{ form: "md" | "json" | "ipynb" | "html"; piece: number; of?: string; save?: true }, Exported];
}

/** A message that gets a `reply` with the same `ask`. */
export type Asking = { [Op in keyof Asks]: { op: Op; ask: string } & Asks[Op][0] }[keyof Asks];

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
  | { op: "edit"; message: string; text: string; client_id: string }
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

/** The synced traits of a view's model: written by the kernel alone. */
/** `producer` is the name of a notebook or of a host, "" for this kernel. */
export interface Kernels {
  producer: string;
  watchers: number;
}

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
