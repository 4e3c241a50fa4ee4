/** What stands above the composer: the kernel's notice, found keys and servers on offer, a refusal. */
import { chooseOffer } from "../asks.ts";
import type { Store } from "../store.ts";
import type { Notice, Offer } from "../wire/traits.ts";
import { hasExtras } from "./lazy.tsx";
import { live } from "./live.ts";
import { ErrorBubble } from "./message.tsx";
import { pure } from "./pure.ts";

export const NoticeBar = pure(function NoticeBar({ notice }: { notice: Notice }) {
  return (
    <div class={`notice ${notice.kind}`} role={notice.kind === "info" ? "note" : "alert"}>
      <p>{notice.text}</p>
      {notice.hint && <p class="hint">{notice.hint}</p>}
    </div>
  );
});

/** Nothing has been sent to any of these; a click is the choice. */
export const Offers = pure(function Offers({ offers, store }: { offers: readonly Offer[]; store: Store }) {
  return (
    <fieldset class="offers">
      <legend>Found on this machine, used only if you choose it</legend>
      {offers.map((offer) => (
        <button type="button" key={offer.id} onClick={() => chooseOffer(store, offer.id)}>
          <span>{offer.text}</span>
          <small>{offer.detail}</small>
        </button>
      ))}
    </fieldset>
  );
});

const LOST: Notice = {
  kind: "warning",
  text: "The kernel that answered here has ended or was restarted.",
  hint: "Run the cell above again to go on; the conversation is kept.",
};

export function Notices({ store }: { store: Store }) {
  const { kind, notice, offers, refused, lost, private: secret } = live(store);
  return (
    <>
      {lost && (kind === "turn" || !hasExtras()) && <NoticeBar notice={{ ...LOST, hint: secret ? "" : LOST.hint }} />}
      {notice && <NoticeBar notice={notice} />}
      {offers.length > 0 && <Offers offers={offers} store={store} />}
      {refused && <ErrorBubble error={refused} />}
    </>
  );
}
