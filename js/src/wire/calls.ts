/**
 * What a page asks the kernel and waits for the reply to, as types: the fields of each question, and what its reply holds.
 *
 * Owns names and shapes alone; the waiting is `calls` of the page.
 */
import type { Certainty, ErrorInfo, Usage } from "./messages.ts";
import type { Outlook } from "./traits.ts";

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
