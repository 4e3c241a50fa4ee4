/** The thread's header: what conversation this is, its model, its tokens and what it has cost so far. */
import type { Store } from "../store.ts";
import { formatUsage, isNothing, usageDetails } from "./format.ts";
import { LockIcon } from "./icons.tsx";
import { live } from "./live.ts";
import { ModelMenu } from "./models.tsx";
import { Title } from "./title.tsx";

export function Header({ store }: { store: Store }) {
  const { continues, cost, usage, private: secret } = live(store);
  const asked = !isNothing(usage);
  const tokens = asked ? formatUsage(usage) : "";
  return (
    <header class="header">
      <div class="title">
        <Title store={store} />
        {continues && <p title={continues}>{continues}</p>}
      </div>
      {asked && (tokens || cost) && (
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
      {secret && (
        <p class="private" title="This conversation is neither in the database nor in the notebook.">
          <LockIcon />
          private: nothing is saved
        </p>
      )}
    </header>
  );
}
