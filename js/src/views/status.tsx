/** What a screen reader is told: a turn's beginning and end, not every word of it. And the line about a stop in progress. */
import type { Store } from "../store.ts";
import type { ViewState } from "../view_state.ts";
import { spelled } from "./exact.tsx";
import { live } from "./live.ts";

export function Announcer({ store }: { store: Store }) {
  return (
    <div class="hidden" role="status" aria-live="polite">
      {announcement(live(store))}
    </div>
  );
}

function announcement(state: ViewState): string {
  const { approvals, ended, engine } = state;
  const [first] = approvals;
  if (first) return `Waiting for your decision: the model wants to run ${spelled(first.tool)}`;
  if (!ended) return engine.state === "loading" ? engine.text : "Answering";
  const last = state.messages.at(-1); // not read while it grows
  if (last?.role !== "assistant" || state.position.generation === 0) return "";
  return last.status === "complete" ? "Answer complete" : `Answer ${last.status}`;
}

const STOP_LINES = {
  asked: "Stopping…",
  acknowledged: "Stopping…",
  counting: "Stopped. Waiting for what it used; Stop again ends that.",
  busy: "Kernel busy, will stop when the cell ends",
};

export function StopLine({ store }: { store: Store }) {
  const { stopping } = live(store);
  if (!stopping) return null;
  return (
    <p class="stop-line" role="status">
      {STOP_LINES[stopping]}
    </p>
  );
}
