/**
 * Tool calls that wait for consent: which tool, exactly what it would be given, and three buttons.
 *
 * Arguments are written by a model, which may have been told to deceive: they are shown as the text that will be used, with
 * everything in it made visible. A card that has just appeared takes no click for a moment, so that one that was meant for what
 * stood there before allows nothing; it never takes the focus, so that no key that was meant for the composer does.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import { type Decision, decide } from "../asks.ts";
import type { Store } from "../store.ts";
import type { Approval } from "../wire/traits.ts";
import { Exact, spelled } from "./exact.tsx";
import { useKeptFocus } from "./focus.ts";
import { formatCount } from "./format.ts";
import { live } from "./live.ts";
import { Arguments } from "./tool_details.tsx";

/** For so long after the cards changed no click counts. Milliseconds. */
const SETTLE = 500;
/** Arguments longer than this are said to be, since only their beginning is in sight. */
const LONG = 600;

export function Approvals({ store }: { store: Store }) {
  const { approvals, refused } = live(store);
  const root = useRef<HTMLDivElement>(null);
  const [decided, setDecided] = useState<readonly string[]>([]);
  const settled = useSettled(JSON.stringify(approvals)); // the kernel says the same again to every page that asks
  useEffect(() => setDecided([]), [approvals]);
  useEffect(() => {
    if (refused) setDecided([]); // the list stays as it was, to be decided again
  }, [refused]);
  useKeptFocus(root);
  const take = (approval: Approval, decision: Decision) => {
    if (!settled || decided.includes(approval.call)) return;
    root.current?.focus({ preventScroll: true });
    setDecided([...decided, approval.call]);
    decide(store, approval, decision);
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would be a form's
    <div class="approvals" role="group" aria-label="Tools that wait for your decision" tabIndex={-1} ref={root}>
      {approvals.map((approval) => (
        <Card
          key={approval.call}
          approval={approval}
          ready={settled && !decided.includes(approval.call)}
          take={(decision) => take(approval, decision)}
        />
      ))}
    </div>
  );
}

interface CardProps {
  approval: Approval;
  ready: boolean;
  take: (decision: Decision) => void;
}

function Card({ approval, ready, take }: CardProps) {
  const text = approval.arguments;
  const button = (name: string, decision: Decision, look = "plain") => (
    <button type="button" class={`small ${look}`} aria-disabled={!ready} onClick={() => take(decision)}>
      {name}
    </button>
  );
  return (
    <section class="approval" aria-label={`Allow ${spelled(approval.tool)}?`}>
      <p class="approval-title">
        {"The model wants to run "}
        <code>
          <Exact text={approval.tool} />
        </code>
      </p>
      <Arguments text={text} exactFirst />
      {text.length > LONG && <p class="hint">{`${formatCount(text.length)} characters; scroll to see them all.`}</p>}
      <div class="approval-buttons">
        {button("Allow once", "once", "main")}
        {button("Allow for this session", "session")}
        {button("Deny", "deny")}
      </div>
    </section>
  );
}

/** Whether `what` has been the same for a moment. */
function useSettled(what: string): boolean {
  const [settled, setSettled] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setSettled(what), SETTLE);
    return () => clearTimeout(timer);
  }, [what]);
  return settled === what;
}
