/**
 * What the next question will come to: how full the model's context is, and the price of sending it, beside the composer; the
 * mark where the history that is sent begins; and the choice when it is too long. Shows the kernel's figures, computes none.
 */
import type { Store } from "../store.ts";
import type { Outlook } from "../wire/traits.ts";
import { formatCount, messageCount, shortCount } from "./format.ts";
import { lazy } from "./lazy.tsx";
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

/** How much of what can be sent is used, in words too; null where nobody knows the model's context, or nothing would be sent. */
export function shareOf({ tokens, length, kept, estimated }: Outlook) {
  if (length === null || tokens === 0) return null;
  const room = length - kept;
  const share = tokens / room;
  const mark = estimated ? "~" : "";
  const percent = share > 0 && share < 0.01 ? "<1 %" : `${mark}${Math.round(share * 100)} %`;
  const words = `${mark}${formatCount(tokens)} of ${formatCount(room)} tokens, ${percent}`;
  return { room, share, percent, words, state: share >= 1 ? "full" : share >= NEARLY_FULL ? "nearly" : "" };
}

function Gauge({ outlook }: { outlook: Outlook }) {
  const found = shareOf(outlook);
  if (!found) return null;
  const { tokens, kept, length } = outlook;
  const { room, share, percent, words, state } = found;
  const whole =
    kept > 0
      ? `\nIt can read ${formatCount(length ?? 0)}; max_tokens keeps ${formatCount(kept)} of them for the answer.`
      : "";
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

/** The choice when a conversation is too long for the model. */
export const Shorten = lazy((extras) => extras.Shorten);
