/** One answer below a `%chat` cell. The question stands in the cell above, so only what follows it is shown. */
import type { Store } from "../store.ts";
import { CloseIcon, StopIcon } from "./icons.tsx";
import { live } from "./live.ts";
import { Answer } from "./message.tsx";
import { Notices } from "./notices.tsx";
import { Announcer, StopLine } from "./status.tsx";

export function Turn({ store }: { store: Store }) {
  const { messages, phase, position, stopping, continues } = live(store);
  const answers = messages.filter((message) => message.role !== "user" && message.role !== "system");
  return (
    <section class="turn" aria-label="Chat answer">
      {continues && <p class="continues">{continues}</p>}
      {answers.length === 0 && position.ended && <Waiting store={store} />}
      {answers.map((message, at) => (
        <Answer key={message.id} message={message} phase={at === answers.length - 1 ? phase : null} store={store} />
      ))}
      {!position.ended && (
        <div class="turn-actions">
          <button type="button" class="small" disabled={stopping !== null} onClick={() => store.stop()}>
            <StopIcon />
            Stop
          </button>
          <StopLine store={store} />
        </div>
      )}
      <Notices store={store} />
      <Announcer store={store} />
    </section>
  );
}

/** A turn that has not begun: it waits in the queue, or has been taken out of it. */
function Waiting({ store }: { store: Store }) {
  const { queue, turn, status } = live(store);
  const place = queue.findIndex((each) => each.turn === turn);
  if (place < 0)
    return <p class="state">{status === "idle" || status === "error" ? "This question was not sent." : "Starting…"}</p>;
  return (
    <p class="state">
      {place === 0 ? "Queued, next" : `Queued, ${place} before it`}
      <button type="button" class="small" onClick={() => turn && store.unqueue(turn)}>
        <CloseIcon />
        Remove
      </button>
    </p>
  );
}
