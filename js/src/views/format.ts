/** How numbers and model names are written for people. Money comes as text. */
import type { Message, Usage } from "../wire/messages.ts";

/** Kept, since to make one takes longer than all else of an update's words. */
const COUNTS = new Intl.NumberFormat("en-US");
const MARKS = { reported: "", estimated: "~", partial: "≥", unknown: "~" } as const;

export function formatCount(count: number): string {
  return COUNTS.format(count);
}

/** "950", "4.1k", "128k", "1.0M": at most three digits. */
export function shortCount(count: number): string {
  if (count < 1_000) return `${count}`;
  const [unit, value] = count < 999_500 ? ["k", count / 1_000] : ["M", count / 1_000_000];
  return `${value < 99.95 ? value.toFixed(1).replace(/\.0$/, "") : Math.round(value)}${unit}`;
}

/** "1 message", "12 earlier messages". */
export function messageCount(count: number, which = ""): string {
  return `${formatCount(count)} ${which}message${count === 1 ? "" : "s"}`;
}

/** "1,204 in · 87 out", with "~" before estimates and a dash for what nobody said; "" when nothing is known. */
export function formatUsage(usage: Usage | null): string {
  if (!usage || (usage.input_tokens === null && usage.output_tokens === null) || isNothing(usage)) return "";
  const mark = MARKS[usage.certainty];
  const count = (value: number | null) => (value === null ? "–" : `${mark}${formatCount(value)}`);
  return `${count(usage.input_tokens)} in · ${count(usage.output_tokens)} out`;
}

/** Whether no request was made, or none that is billed: there is nothing to say of what it used and cost. */
export function isNothing(usage: Usage | null): boolean {
  return usage?.input_tokens === 0 && usage.output_tokens === 0;
}

/** English prose and code; off by a quarter or more elsewhere, hence always with "~". As in `nbchat.core.calibration`. */
const CHARACTERS_PER_TOKEN = 4;

/** What has come of a running answer: the provider's own count where it gives one already, else an estimate; "" while a tool runs. */
export function countSoFar(message: Message): string {
  if (message.parts.at(-1)?.type === "tool-call") return "";
  const reported = formatUsage(message.usage);
  if (reported) return reported;
  let characters = 0;
  for (const part of message.parts)
    if (part.type === "text" || part.type === "reasoning") characters += part.text.length;
  return characters > 0 ? `~${formatCount(about(Math.ceil(characters / CHARACTERS_PER_TOKEN)))} tokens` : "";
}

/** An estimate, not to the unit: it is known by far less, and would change with each word. */
function about(count: number): number {
  const step = count < 100 ? 1 : count < 10_000 ? 10 : 100;
  return Math.round(count / step) * step;
}

/** A message's text as it is read: what came before a tool and what came after it are paragraphs of their own. */
export function textToRead({ parts }: Message): string {
  return parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n\n");
}

/** All that is known of it, for a tooltip. */
export function usageDetails(usage: Usage | null): string {
  return usage
    ? usageRows(usage)
        .map((row) => row.join(": "))
        .join("\n")
    : "";
}

/** All that is known of it: what it is, and how many, or how certain. */
export function usageRows(usage: Usage): [string, string][] {
  const rows: [string, number | null | undefined][] = [
    ["input tokens", usage.input_tokens],
    ["of which cached", usage.cached_tokens],
    ["written to the cache", usage.cache_write_tokens],
    ["of which sound", usage.input_audio_tokens],
    ["of which images", usage.input_image_tokens],
    ["output tokens", usage.output_tokens],
    ["of which reasoning", usage.reasoning_tokens],
    ["of which sound", usage.output_audio_tokens],
    ["of which images", usage.output_image_tokens],
  ];
  const known = rows.filter(([, count]) => count !== null && count !== undefined);
  return [
    ...known.map(([name, count]): [string, string] => [name, formatCount(count as number)]),
    ["counts", usage.certainty],
  ];
}

/** "first token 0.4 s · 62 tokens/s": until the first token came, and how fast they came from there; "" when nobody knows. */
export function formatPace(message: Message): string {
  const { first_token_seconds: first } = message;
  const speed = tokensPerSecond(message);
  return [
    first === undefined ? "" : `first token ${first < 0.05 ? "<0.1" : decimal(first)} s`,
    speed === null ? "" : `${decimal(speed)} tokens/s`,
  ]
    .filter(Boolean)
    .join(" · ");
}

/** What came within so many seconds came at once: its pace says nothing. */
const BURST = 0.1;

/** As `Message.tokens_per_second` in the kernel: output tokens by the time since the first one came; null for a burst. */
export function tokensPerSecond({ usage, seconds, first_token_seconds: first }: Message): number | null {
  const tokens = usage?.output_tokens ?? null;
  if (tokens === null || seconds === undefined || first === undefined || seconds - first < BURST) return null;
  return tokens / (seconds - first);
}

function decimal(value: number): string {
  return value < 10 ? value.toFixed(1) : formatCount(Math.round(value));
}

/** The parameters that were given for an answer and left out, since the provider is known to refuse them. */
export function leftOut({ parameters }: Message): string[] {
  const names = Object.entries(parameters ?? {}).filter(([name, value]) => value === null && name !== "stream_options");
  return names.map(([name]) => name);
}

/** The model without its provider: the part after the first slash. */
export function shortModel(model: string): string {
  return model.slice(model.indexOf("/") + 1) || model;
}
