/** What scenes are made of: a model without a kernel, messages with numbers, and a hand that clicks. */
import type { ModelInfo, ModelList } from "../../src/wire/calls.ts";
import type { Message, Part, Usage } from "../../src/wire/messages.ts";
import { message } from "../support/messages.ts";
import { FakeModel } from "../support/model.ts";

export interface Scene {
  model: FakeModel;
  after?: () => void | Promise<void>;
  /** How far down it is looked at, in pixels; else wherever it comes to rest. */
  scroll?: number;
  /** Some time has passed: what comes by itself after a while is there. */
  passed?: boolean;
}

export const usage: Usage = {
  input_tokens: 1204,
  cached_tokens: 1024,
  cache_write_tokens: null,
  output_tokens: 387,
  reasoning_tokens: null,
  certainty: "reported",
};
export const cost = {
  text: "~$0.0042",
  source: "provider",
} as const;
const base = {
  title: "analysis",
  model: "openrouter/qwen/qwen3-32b",
  status: "idle",
  usage,
  cost: "~$0.0127",
  offers: [],
  queue: [],
  notice: null,
};

export const question = (id: string, text: string, more: Partial<Message> = {}) => message(id, "user", text, more);
export const answer = (id: string, text: string | Part[], more: Partial<Message> = {}) =>
  message(id, "assistant", text, { usage, cost, model: "openrouter/qwen/qwen3-32b", ...more });

export function model(kind: "thread" | "turn", values: Record<string, unknown>): FakeModel {
  return new FakeModel({ ...base, kind, ...values });
}

export function shadow(): ShadowRoot | null | undefined {
  return document.querySelector(".nbchat-thread, .nbchat-live")?.shadowRoot;
}

/** The models of a catalogue, as the kernel sends them. */
export const modelList = (models: ModelInfo[], total = models.length): ModelList => ({ models, total, error: null });

/** Click the last button of this name. */
export function click(name: string): void {
  const named = [...(shadow()?.querySelectorAll("button") ?? [])].filter(
    (each) => each.getAttribute("aria-label") === name || each.textContent?.trim() === name,
  );
  named.at(-1)?.click();
}

export function scrollTo(top: number): void {
  const log = shadow()?.querySelector(".log");
  if (log) log.scrollTop = top;
}
