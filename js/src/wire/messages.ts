/**
 * The messages of a conversation as types: their parts, what they used and cost, what went wrong with them.
 *
 * Owns names and shapes alone, as the other files of the wire's types do (`traits`, `calls`, `protocol`).
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
