/** One message: a question as it was typed, an answer with its parts, its error and its footer. */
import { edit } from "../asks.ts";
import type { Store } from "../store.ts";
import type { ErrorInfo, Message, ToolResultPart } from "../wire/messages.ts";
import { type Phase, textOf } from "../wire/reduce.ts";
import type { Approval } from "../wire/traits.ts";
import { QuestionActions, Recover, recovery } from "./actions.tsx";
import { Branches } from "./branches.tsx";
import { Editor, useEditing } from "./edit.tsx";
import { Footer } from "./footer.tsx";
import { countSoFar, textToRead } from "./format.ts";
import { heightOf } from "./height.ts";
import { Attached } from "./names.tsx";
import { Shorten } from "./outlook.tsx";
import { PartView } from "./parts.tsx";
import { pure } from "./pure.ts";
import { StateLine } from "./stateline.tsx";
import { pairResults, ToolCard } from "./tools.tsx";

interface QuestionProps {
  message: Message;
  /** Whether its answer is on its way. */
  live: boolean;
  store: Store;
}

export const Question = pure(function Question({ message, live, store }: QuestionProps) {
  const editing = useEditing(store, `edit ${message.id}`);
  return (
    <article
      class={message.hidden ? "message user unsent" : "message user"}
      aria-label="You"
      data-message={message.id}
      style={roomFor(message)}
    >
      <Attached message={message} store={store} editing={editing} />
      {editing.open ? (
        <Editor
          store={store}
          editing={editing}
          label="Question"
          action="Save & send"
          save={(text) => edit(store, message, text, (back) => editing.begin(back, editing.without), editing.without)}
        />
      ) : (
        <>
          <div class="bubble">{textOf(message)}</div>
          <div class="below">
            <QuestionActions message={message} store={store} live={live} edit={() => editing.begin(textOf(message))} />
            {message.hidden && <Unsent />}
            {!live && <Branches message={message} store={store} />}
          </div>
        </>
      )}
    </article>
  );
});

/** What a message takes as long as the browser has not laid it out. */
function roomFor(message: Message) {
  return message.status === "streaming" ? undefined : { "contain-intrinsic-size": `auto ${heightOf(message)}px` };
}

export function Unsent() {
  return <span class="unsent-note">not sent to the model</span>;
}

interface AnswerProps {
  message: Message;
  /** What the running turn waits for, if this is its answer. */
  phase: Phase | null;
  store: Store;
  /** Only the last answer goes on, or is retried. */
  last: boolean;
  /** It was asked for again or to go on, and nothing of that has been seen yet. */
  asked: boolean;
  /** Calls that wait for consent. */
  approvals: readonly Approval[];
  /** Below its cell a turn can be asked for again, but has no branches and is not edited. */
  few?: boolean;
}

export const Answer = pure(function Answer(props: AnswerProps) {
  const { message, phase, store, last, asked, approvals, few = false } = props;
  const editing = useEditing(store, `edit ${message.id}`);
  const streaming = message.status === "streaming";
  const started = message.parts.length > 0;
  const recovers = last && recovery(message) !== "";
  const cause = message.error ?? (last && message.status === "complete" ? CAUSES[message.finish_reason ?? ""] : null);
  const look = `message ${message.role} ${message.status}${message.hidden ? " unsent" : ""}${last ? " last" : ""}`;
  return (
    <article class={look} aria-label="Answer" aria-busy={streaming} data-message={message.id} style={roomFor(message)}>
      {editing.open ? (
        <Editor
          store={store}
          editing={editing}
          label="Answer"
          action="Save"
          save={(text) => edit(store, message, text, editing.begin)}
        />
      ) : (
        <Parts {...props} />
      )}
      {streaming && approvals.length === 0 && (
        <StateLine store={store} phase={phase} parts={message.parts} count={countSoFar(message)} />
      )}
      {cause && (
        <ErrorBubble error={cause} partial={started} mild={cause !== message.error}>
          {last &&
            (cause.kind === "context_length" ? (
              <Shorten message={message} store={store} asked={asked} />
            ) : (
              <Recover message={message} store={store} asked={asked} anew={cause.kind !== "length"} />
            ))}
        </ErrorBubble>
      )}
      {!streaming && !editing.open && (
        <Footer
          message={message}
          store={store}
          recovers={recovers && !cause}
          asked={asked}
          few={few}
          told={Boolean(cause) && cause !== message.error}
          edit={() => editing.begin(textToRead(message))}
        />
      )}
    </article>
  );
});

/** The parts in order, each result in the card of its call. */
function Parts({ message, store, approvals }: AnswerProps) {
  const { parts, id, status } = message;
  const streaming = status === "streaming";
  const results = pairResults(parts);
  const shown = new Set(results.values());
  return (
    <>
      {parts.map((part, at) => {
        const fold = `fold ${id} ${at}`;
        if (part.type === "tool-call") {
          const waits = approvals.some((each) => each.call.split("#")[0] === part.id);
          const result = (parts[results.get(at) ?? -1] as ToolResultPart | undefined) ?? null;
          const state = !streaming || result ? null : waits ? "waiting" : "running";
          return <ToolCard key={at} call={part} result={result} state={state} fold={fold} store={store} />;
        }
        if (shown.has(at)) return null;
        const open = streaming && at === parts.length - 1;
        return <PartView key={at} part={part} open={open} fold={fold} store={store} />;
      })}
    </>
  );
}

/** Ends that are no errors, but not what was asked for either. */
const CAUSES: Readonly<Record<string, ErrorInfo>> = {
  length: {
    kind: "length",
    text: "The answer reached its limit of output tokens.",
    hint: "Continue goes on where it was cut. A higher max_tokens lets the next one come to its end.",
  },
  content_filter: {
    kind: "content_filter",
    text: "The provider’s content filter ended this answer.",
    hint: "Ask in other words, or ask another model.",
  },
};

interface BubbleProps {
  error: ErrorInfo;
  partial?: boolean;
  /** It is no error of anybody's. */
  mild?: boolean;
  /** What can be done about it. */
  children?: preact.ComponentChildren;
}

export function ErrorBubble({ error, partial = false, mild = false, children }: BubbleProps) {
  return (
    <div class={mild ? "fault mild" : "fault"} role={mild ? "note" : "alert"}>
      <strong>{partial && error.kind === "interrupted" ? "The answer was cut off." : ""}</strong>
      <p>{error.text}</p>
      {error.hint && <p class="hint">{error.hint}</p>}
      {children && <div class="fault-buttons">{children}</div>}
    </div>
  );
}
