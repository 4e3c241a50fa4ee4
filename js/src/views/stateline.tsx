/** What a running turn does: sending, loading the model, waiting for it, waiting to try again; and how much has come. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Store } from "../store.ts";
import type { Part } from "../wire/messages.ts";
import type { Phase } from "../wire/reduce.ts";
import type { Engine } from "../wire/traits.ts";
import { live } from "./live.ts";

/** As long as something has come within this time the dots rest: one thing that moves is enough. Milliseconds. */
const FLOWING = 1_000;

interface StateLineProps {
  store: Store;
  phase: Phase | null;
  /** What of the answer has come. */
  parts: readonly Part[];
  /** How much has come, as people read it. */
  count: string;
}

export function StateLine({ store, phase, parts, count }: StateLineProps) {
  const passed = useSeconds(phase);
  const root = useFlowing(parts);
  const { engine } = live(store);
  return (
    <div class="state" ref={root}>
      <span class="dots" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      {describe(phase, parts.length > 0, passed, engine) || coming(count, engine)}
    </div>
  );
}

function describe(phase: Phase | null, started: boolean, passed: number, engine: Engine): string {
  switch (phase?.type) {
    case "loading":
      return loading(phase.text, phase.progress, phase.seconds + passed);
    case "retry": {
      const left = Math.max(0, Math.ceil(phase.delay - passed));
      return `${phase.reason} Attempt ${phase.attempt} ${left > 0 ? `in ${left} s` : "now"}.`;
    }
    case "waiting":
      return `Waiting for the model, ${Math.round(phase.seconds + passed)} s`;
    case "sending": // as far as this page knows: it may have come late
      return engine.state === "loading" ? loading(engine.text, engine.progress, passed) : "Sending…";
    case "sent":
      return passed < 3 ? "Waiting for the model…" : `Waiting for the model, ${passed} s`;
    default:
      return started ? "" : "Waiting for the model…";
  }
}

/** "Loading the model… 40 %"; without a share how long it has taken, once that is long. */
function loading(text: string, progress: number | null, seconds: number): string {
  const far = progress !== null ? `${Math.round(progress * 100)} %` : seconds >= 3 ? `${Math.round(seconds)} s` : "";
  return `${text}… ${far}`.trimEnd();
}

function coming(count: string, engine: Engine): string {
  return engine.state === "generating" ? ["Generating", count].filter(Boolean).join(" · ") : count;
}

/** The element that is marked while `parts` grow: by hand, for whoever draws it with each word would draw it twice. */
function useFlowing(parts: readonly Part[]) {
  const root = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (parts.length === 0) return;
    root.current?.classList.add("flowing");
    const timer = setTimeout(() => root.current?.classList.remove("flowing"), FLOWING);
    return () => clearTimeout(timer);
  }, [parts]);
  return root;
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
