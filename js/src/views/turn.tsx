/** One answer below a `%chat` cell. The question stands in the cell above, so only what follows it is shown. */
import { useRef } from "preact/hooks";
import { unqueue } from "../asks.ts";
import { isAsked } from "../outbox.ts";
import type { Store } from "../store.ts";
import { UnfoldAction } from "./actions.tsx";
import { keepFocus, useKeptFocus } from "./focus.ts";
import { CloseIcon, StopIcon } from "./icons.tsx";
import { lazy } from "./lazy.tsx";
import { live } from "./live.ts";
import { Answer } from "./message.tsx";
import { Notices } from "./notices.tsx";
import { Announcer, StopLine } from "./status.tsx";
import { innerOf } from "./unfold.ts";

const Approvals = lazy((extras) => extras.Approvals);
const Unfolded = lazy((extras) => extras.Unfolded);

export function Turn({ store }: { store: Store }) {
  const inner = innerOf(store).value;
  const thread = inner && live(inner).position.generation > 0 ? inner : null; // once the kernel has answered
  return (
    <section
      class={thread ? "unfolded" : "turn"}
      aria-label={thread ? "The conversation around this answer" : "Chat answer"}
      tabIndex={-1}
    >
      {thread ? <Unfolded outer={store} inner={thread} /> : <Alone store={store} />}
    </section>
  );
}

function Alone({ store }: { store: Store }) {
  const { messages, phase, ended, continues, pending, queue, approvals } = live(store);
  const answers = messages.filter((message) => message.role !== "user" && message.role !== "system");
  const end = answers.length - 1;
  return (
    <>
      {continues && <p class="continues">{continues}</p>}
      {answers.map((message, at) => (
        <Answer
          key={message.id}
          message={message}
          phase={at === end ? phase : null}
          store={store}
          last={at === end}
          asked={isAsked(pending, queue, message.id)}
          approvals={approvals}
          few
        />
      ))}
      {ended && <Waiting store={store} begun={answers.length > 0} />}
      {approvals.length > 0 && !ended && <Approvals store={store} />}
      {!ended && <Running store={store} />}
      <Notices store={store} />
      <Announcer store={store} />
    </>
  );
}

function Running({ store }: { store: Store }) {
  const { stopping } = live(store);
  const root = useRef<HTMLDivElement>(null);
  useKeptFocus(root);
  return (
    <div class="turn-actions" ref={root}>
      <button
        type="button"
        class="small"
        aria-disabled={stopping !== null && stopping !== "counting"}
        onClick={() => store.stop()}
      >
        <StopIcon />
        Stop
      </button>
      <UnfoldAction store={store} />
      <StopLine store={store} />
    </div>
  );
}

/** A turn that has not begun: it waits in the queue, or has been taken out of it. One that was asked for again may wait, too. */
function Waiting({ store, begun }: { store: Store; begun: boolean }) {
  const { queue, turn, status, pending } = live(store);
  const place = begun ? queue.length - 1 : queue.findIndex((each) => each.turn === turn);
  const item = queue[place];
  if (item)
    return (
      <p class="state">
        {place === 0 ? "Queued, next" : `Queued, ${place} before it`}
        <button
          type="button"
          class="small"
          onClick={(event) => {
            keepFocus(event.currentTarget);
            unqueue(store, item.turn);
          }}
        >
          <CloseIcon />
          Remove
        </button>
      </p>
    );
  if (pending.some((each) => each.slow))
    return <p class="state">The kernel is busy or not connected; it will be sent when it answers.</p>;
  if (begun) return null;
  return <p class="state">{status === "idle" || status === "error" ? "This question was not sent." : "Starting…"}</p>;
}
