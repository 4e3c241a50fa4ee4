/** Questions that wait: sent but not taken yet, and queued behind the running turn. */
import type { Pending } from "../outbox.ts";
import type { Store } from "../store.ts";
import type { Queued } from "../wire/protocol.ts";
import { CloseIcon } from "./icons.tsx";
import { pure } from "./pure.ts";

interface QueueProps {
  queue: readonly Queued[];
  pending: readonly Pending[];
  store: Store;
}

export const Queue = pure(function Queue({ queue, pending, store }: QueueProps) {
  return (
    <>
      {queue.map((each) => (
        <div class="message user waiting" key={each.turn}>
          <div class="bubble">{each.text}</div>
          <div class="waiting-line">
            Queued
            <button
              type="button"
              aria-label="Remove from the queue"
              title="Remove from the queue"
              onClick={() => store.unqueue(each.turn)}
            >
              <CloseIcon />
            </button>
          </div>
        </div>
      ))}
      {pending.map((each) => (
        <div class="message user waiting" key={each.client}>
          <div class="bubble">{each.text}</div>
          <div class="waiting-line">
            {each.slow ? "The kernel is busy or not connected; it will be sent when it answers." : "Sending…"}
          </div>
        </div>
      ))}
    </>
  );
});
