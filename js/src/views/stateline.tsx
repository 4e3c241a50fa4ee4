/** What a running turn does while no text comes: sending, waiting for the model, waiting to try again. */
import { useEffect, useState } from "preact/hooks";
import type { Phase } from "../wire/reduce.ts";

interface StateLineProps {
  phase: Phase | null;
  /** Whether anything of the answer has come. */
  started: boolean;
  /** How much has come, as people read it. */
  count: string;
}

export function StateLine({ phase, started, count }: StateLineProps) {
  const passed = useSeconds(phase);
  return (
    <div class="state">
      <span class="dots" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      {describe(phase, started, passed) || count}
    </div>
  );
}

function describe(phase: Phase | null, started: boolean, passed: number): string {
  switch (phase?.type) {
    case "retry": {
      const left = Math.max(0, Math.ceil(phase.delay - passed));
      return `${phase.reason} Attempt ${phase.attempt} ${left > 0 ? `in ${left} s` : "now"}.`;
    }
    case "waiting":
      return `Waiting for the model, ${Math.round(phase.seconds + passed)} s`;
    case "sending":
      return "Sending…";
    case "sent":
      return passed < 3 ? "Waiting for the model…" : `Waiting for the model, ${passed} s`;
    default:
      return started ? "" : "Waiting for the model…";
  }
}

/** Whole seconds since `phase` became what it is; counts only while there is one. */
function useSeconds(phase: Phase | null): number {
  const [passed, setPassed] = useState(0);
  useEffect(() => {
    setPassed(0);
    if (!phase) return;
    const since = performance.now();
    const timer = setInterval(() => setPassed(Math.floor((performance.now() - since) / 1000)), 1000);
    return () => clearInterval(timer);
  }, [phase]);
  return passed;
}
