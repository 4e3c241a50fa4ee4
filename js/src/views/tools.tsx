/** A tool call of an answer as a quiet card: what was called, with what, and what came of it. */
import type { Store } from "../store.ts";
import type { Part, ToolCallPart, ToolResultPart } from "../wire/messages.ts";
import { Exact } from "./exact.tsx";
import { Fold } from "./fold.tsx";
import { ToolIcon } from "./icons.tsx";
import { lazy } from "./lazy.tsx";
import { pure } from "./pure.ts";

const Details = lazy((extras) => extras.ToolDetails);
const ToolText = lazy((extras) => extras.ToolText);

/** So much of the arguments stands in the card's head. */
const BRIEF = 90;

/** Return for each call's place in `parts` the place of its result. Ids may come again in a later round: the first free one counts. */
export function pairResults(parts: readonly Part[]): Map<number, number> {
  const pairs = new Map<number, number>();
  const open = new Map<string, number[]>();
  for (const [at, part] of parts.entries()) {
    if (part.type === "tool-call") open.set(part.id, [...(open.get(part.id) ?? []), at]);
    const call = part.type === "tool-result" ? open.get(part.call_id)?.shift() : undefined;
    if (call !== undefined) pairs.set(call, at);
  }
  return pairs;
}

interface ToolCardProps {
  call: ToolCallPart;
  result: ToolResultPart | null;
  /** What happens to a call without a result: "running", "waiting" for consent, or nothing any more. */
  state: "running" | "waiting" | null;
  fold: string;
  store: Store;
}

export const ToolCard = pure(function ToolCard({ call, result, state, fold, store }: ToolCardProps) {
  const title = (
    <>
      <ToolIcon />
      <code>
        <Exact text={call.name || "a tool"} />
      </code>
      <span class="brief">
        <Exact text={[...call.arguments.slice(0, 2 * BRIEF)].slice(0, BRIEF).join("")} />
      </span>
      <span class={result?.error && !result.denied ? "ending failed" : "ending"}>{describe(result, state)}</span>
    </>
  );
  return (
    <Fold title={title} look={state ? "tool busy" : "tool"} fold={fold} store={store}>
      {() => <Details call={call} result={result} />}
    </Fold>
  );
});

function describe(result: ToolResultPart | null, state: ToolCardProps["state"]): string {
  if (result) return result.denied ? "not allowed" : result.error ? "failed" : "";
  if (state === "waiting") return "waiting for you";
  return state === "running" ? "running…" : "no result";
}

/** A result whose call is not there. */
export function LoneResult({ part, fold, store }: { part: ToolResultPart; fold: string; store: Store }) {
  const title = part.denied ? "A tool was not allowed" : part.error ? "A tool failed" : "A tool's answer";
  return (
    <Fold title={title} fold={fold} store={store}>
      {() => <ToolText title="Result" text={part.text} />}
    </Fold>
  );
}
