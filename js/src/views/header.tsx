/** The thread's header: what conversation this is, its model, its tokens and what it has cost so far. */
import type { Store } from "../store.ts";
import { formatUsage, usageDetails } from "./format.ts";
import { live } from "./live.ts";
import { ModelMenu } from "./models.tsx";

export function Header({ store }: { store: Store }) {
  const { title, continues, cost, usage } = live(store);
  const tokens = formatUsage(usage);
  return (
    <header class="header">
      <div class="title">
        <h2 title={title}>{title || "Chat"}</h2>
        {continues && <p title={continues}>{continues}</p>}
      </div>
      {(tokens || cost) && (
        <p class="totals">
          {tokens && (
            <span class="tokens" title={usageDetails(usage)}>
              {tokens}
            </span>
          )}
          {cost && <span title="Cost of the whole conversation">{cost === "–" ? "cost –" : cost}</span>}
        </p>
      )}
      <ModelMenu store={store} />
    </header>
  );
}
