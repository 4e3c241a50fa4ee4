/**
 * What the next question will come to: how full the model's context is, and the price of sending it, beside the composer; the
 * mark where the history that is sent begins; and the choice when it is too long. Shows the kernel's figures, computes none.
 */
import { askAlone, dropOldest } from "../asks.ts";
import type { Store } from "../store.ts";
import type { Message, Outlook } from "../wire/protocol.ts";
import { textOf } from "../wire/reduce.ts";
import { Recover } from "./actions.tsx";
import { keepFocus } from "./focus.ts";
import { formatCount, messageCount, shortCount } from "./format.ts";
import { live } from "./live.ts";

/** From here on the gauge warns. */
const NEARLY_FULL = 0.8;

export function NextLine({ store }: { store: Store }) {
  const { outlook } = live(store);
  if (!outlook || outlook.tokens === 0) return null;
  return (
    <div class="next">
      <Gauge outlook={outlook} />
      <NextPrice outlook={outlook} />
    </div>
  );
}

function Gauge({ outlook: { tokens, length, kept, estimated } }: { outlook: Outlook }) {
  if (length === null) return null;
  const room = length - kept;
  const share = tokens / room;
  const mark = estimated ? "~" : "";
  const percent = share > 0 && share < 0.01 ? "<1 %" : `${mark}${Math.round(share * 100)} %`;
  const words = `${mark}${formatCount(tokens)} of ${formatCount(room)} tokens, ${percent}`;
  const whole =
    kept > 0
      ? `\nIt can read ${formatCount(length)}; max_tokens keeps ${formatCount(kept)} of them for the answer.`
      : "";
  const state = share >= 1 ? "full" : share >= NEARLY_FULL ? "nearly" : "";
  return (
    <span class={`gauge ${state}`} title={`What can be sent to the model: ${words}${whole}`}>
      {/* biome-ignore lint/a11y/useSemanticElements: each browser draws a meter element in its own way and colours */}
      <span
        class="track"
        role="meter"
        aria-label="Context used"
        aria-valuemin={0}
        aria-valuemax={room}
        aria-valuenow={Math.min(tokens, room)}
        aria-valuetext={words}
      >
        <span class="level" style={{ width: `${Math.min(share, 1) * 100}%` }} />
      </span>
      <span aria-hidden="true">
        {percent} of {shortCount(room)}
        {state && <strong>{state === "full" ? " · full" : " · nearly full"}</strong>}
      </span>
    </span>
  );
}

function NextPrice({ outlook: { tokens, estimated, price, answer } }: { outlook: Outlook }) {
  const mark = estimated ? "~" : "";
  const words = [
    `Sending the next question: ${mark}${formatCount(tokens)} tokens in, ${answer} out.`,
    price === null ? "Nobody knows its price." : `That is ${price}, if nothing is cached.`,
    "What is attached is in it, what you type is not yet.",
  ].join("\n");
  return (
    <span class="price" title={words}>
      <span class="hidden" id="nbchat-next">
        {words}
      </span>
      <span aria-hidden="true">
        Next: {price}
        <span class={price === null ? "" : "size"}>
          {price !== null && " · "}
          {mark}
          {shortCount(tokens)} tokens
        </span>
      </span>
    </span>
  );
}

/** Stands where the history that is sent begins. */
export function SentMark({ omitted }: { omitted: number }) {
  return (
    <p class="sent-mark" role="note">
      <span>
        <span aria-hidden="true">↑ </span>
        {messageCount(omitted)} above {omitted === 1 ? "is" : "are"} not sent to the model
      </span>
    </p>
  );
}

interface ShortenProps {
  message: Message;
  store: Store;
  asked: boolean;
}

/** The choice when a conversation is too long for the model; a question that is too long alone can only be tried again. */
export function Shorten({ message, store, asked }: ShortenProps) {
  const question = live(store).messages.find((each) => each.id === message.parent);
  if (!question || question.parent === null) return <Recover message={message} store={store} asked={asked} anew />;
  const press = (does: () => void) => (event: { currentTarget: HTMLElement }) => {
    keepFocus(event.currentTarget);
    does();
  };
  return (
    <>
      <button
        type="button"
        class="small plain"
        title="From now on what does not fit is left out, the oldest first; it stays in the conversation"
        disabled={asked}
        onClick={press(() => dropOldest(store, message.id))}
      >
        Drop the oldest messages
      </button>
      <button
        type="button"
        class="small plain"
        title="Ask it as the first question of a branch of its own"
        disabled={asked}
        onClick={press(() => askAlone(store, message.id, textOf(question)))}
      >
        Ask without the history
      </button>
    </>
  );
}
