/** One message: a question as it was typed, an answer with its parts, its error and its footer. */
import type { Store } from "../store.ts";
import type { Cost, ErrorInfo, Message, ToolCallPart } from "../wire/protocol.ts";
import { type Phase, textOf } from "../wire/reduce.ts";
import { copyFrom } from "./copy.ts";
import { countSoFar, formatCost, formatUsage, shortModel, usageDetails } from "./format.ts";
import { PartView } from "./parts.tsx";
import { pure } from "./pure.ts";
import { StateLine } from "./stateline.tsx";

export const Question = pure(function Question({ message }: { message: Message }) {
  return (
    <article class="message user" aria-label="You">
      <div class="bubble">{textOf(message)}</div>
    </article>
  );
});

interface AnswerProps {
  message: Message;
  /** What the running turn waits for, if this is its answer. */
  phase: Phase | null;
  store: Store;
}

export const Answer = pure(function Answer({ message, phase, store }: AnswerProps) {
  const streaming = message.status === "streaming";
  const last = message.parts.length - 1;
  return (
    <article class={`message ${message.role} ${message.status}`} aria-label="Answer" aria-busy={streaming}>
      {message.parts.map((part, at) => (
        <PartView
          key={(part as ToolCallPart).id || at}
          part={part}
          open={streaming && at === last}
          fold={`fold ${message.id} ${at}`}
          store={store}
        />
      ))}
      {streaming && <StateLine phase={phase} started={last >= 0} count={countSoFar(message)} />}
      {message.error && <ErrorBubble error={message.error} partial={last >= 0} />}
      {!streaming && <Footer message={message} />}
    </article>
  );
});

export function ErrorBubble({ error, partial = false }: { error: ErrorInfo; partial?: boolean }) {
  return (
    <div class="fault" role="alert">
      <strong>{partial && error.kind === "interrupted" ? "The answer was cut off." : ""}</strong>
      <p>{error.text}</p>
      {error.hint && <p class="hint">{error.hint}</p>}
    </div>
  );
}

/** Why an answer is shorter than it could be, in two words; "" when it is whole. */
function ending(message: Message): string {
  if (message.status === "stopped") return "stopped";
  if (message.status === "interrupted") return "interrupted";
  if (message.finish_reason === "length") return "length limit reached";
  if (message.finish_reason === "content_filter") return "ended by a content filter";
  return "";
}

/** A lone dash would say nothing. */
function costLabel(cost: Cost): string {
  return cost.amount === null ? `cost ${formatCost(cost)}` : formatCost(cost);
}

function Footer({ message }: { message: Message }) {
  const text = textOf(message);
  const usage = formatUsage(message.usage);
  const end = ending(message);
  return (
    <footer class="footer">
      {end && <span class="ending">{end}</span>}
      {message.model && <span title={message.model}>{shortModel(message.model)}</span>}
      {usage && <span title={usageDetails(message.usage)}>{usage}</span>}
      {message.cost && <span title={message.cost.source || "cost"}>{costLabel(message.cost)}</span>}
      {text && (
        <button type="button" class="copy" onClick={(event) => void copyFrom(event.currentTarget, text)}>
          Copy
        </button>
      )}
    </footer>
  );
}
