/** All that is known of how a message was made and what it cost, a line each. Opened on demand. */
import type { Message } from "../wire/messages.ts";
import { isNothing, tokensPerSecond, usageRows } from "./format.ts";

export function Facts({ message }: { message: Message }) {
  return (
    <dl class="facts-list">
      {rowsOf(message).map(([name, value], at) => (
        <div key={at} class={name.startsWith("of which") ? "part" : ""}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function rowsOf(message: Message): [string, string][] {
  const { model, usage, cost, finish_reason: end, first_token_seconds: first, seconds, created } = message;
  const speed = tokensPerSecond(message);
  const asked = !isNothing(usage);
  return [
    ["model", model ?? "edited by hand"],
    ...Object.entries(message.parameters ?? {}).map(([name, value]): [string, string] => [name, written(value)]),
    ...(usage && asked ? usageRows(usage) : []),
    ["cost", cost && asked ? [cost.text, cost.source && `(${cost.source})`].filter(Boolean).join(" ") : ""],
    ["first token", first === undefined ? "" : `after ${first.toFixed(2)} s`],
    ["pace", speed === null ? "" : `${speed.toFixed(1)} tokens a second`],
    ["in all", seconds === undefined ? "" : `${seconds.toFixed(2)} s`],
    ["ended", end ?? ""],
    ["begun", created ? new Date(created * 1000).toLocaleString() : ""],
  ].filter((row): row is [string, string] => row[1] !== "");
}

/** Null is what was given, and left out because the provider is known to refuse it for this model. */
function written(value: unknown): string {
  if (value === null) return "not sent; the provider refuses it for this model";
  return typeof value === "string" ? value : JSON.stringify(value);
}
