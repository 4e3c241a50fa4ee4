/**
 * One line about the kernel, where something is wrong with it or makes people wait: busy, not connected, not answering, ended; and
 * what to do. What the host knows of its kernel is read where there is such a thing (JupyterLab, Notebook); elsewhere it shows by
 * what is not answered.
 */
import { useEffect, useState } from "preact/hooks";
import { isSlow } from "../calls.ts";
import type { Managed } from "../control.ts";
import type { Store } from "../store.ts";
import type { ViewState } from "../view_state.ts";
import { live } from "./live.ts";

/** A cell that takes no longer is not worth a word. Milliseconds. */
const LONG = 2_000;

export type KernelState = "ok" | "busy" | "waits" | "offline" | "silent" | "restarting" | "ended";

const WORDS: Record<Exclude<KernelState, "ok" | "busy">, [text: string, hint: string]> = {
  waits: ["The kernel is busy.", "What you asked waits until the cell ends."],
  offline: ["Not connected to the kernel.", "Trying again; answers go on there, and are shown when it is back."],
  silent: ["The kernel does not answer.", "It is busy, or not connected: what you asked is sent until it does."],
  restarting: ["The kernel restarts.", "Run the cell above again to go on; the conversation is kept."],
  ended: [
    "The kernel that answered here has ended or was restarted.",
    "Run the cell above again to go on; the conversation is kept.",
  ],
};

/** What the header says of a kernel that needs no more than patience: a cell runs, and answers go on. */
export function BusyDot({ store }: { store: Store }) {
  const state = useKernel(store);
  if (state !== "busy") return null;
  const words = "A cell is running in the kernel; answers go on";
  return <span class="busy-dot" role="img" aria-label={words} title={words} />;
}

export function KernelLine({ store }: { store: Store }) {
  const state = useKernel(store);
  const { private: secret } = live(store);
  if (state === "ok" || state === "busy") return null;
  const [text, hint] = WORDS[state];
  const kept = !secret || (state !== "ended" && state !== "restarting"); // a private conversation ends with its kernel
  return (
    <p class={`kernel-line ${state}`} role={state === "ended" ? "alert" : "status"}>
      <strong>{text}</strong> {kept && <span>{hint}</span>}
    </p>
  );
}

function useKernel(store: Store): KernelState {
  const host = useHost(store);
  return kernelState(live(store), isSlow(store), host);
}

interface Host {
  status: string;
  connection: string;
}

/** What the host says, a short cell aside; and a kernel that ends or begins anew takes the model's comm along. */
function useHost(store: Store): Host {
  const [host, setHost] = useState<Host>({ status: "", connection: "" });
  useEffect(() => {
    const kernel = (store.model as Managed).widget_manager?.kernel;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = () => {
      const now = { status: kernel?.status ?? "", connection: kernel?.connectionStatus ?? "" };
      clearTimeout(timer);
      if (now.status === "busy") timer = setTimeout(() => setHost(now), LONG);
      else setHost(now);
      if (isOver(now.status)) store.lose();
    };
    look();
    kernel?.statusChanged?.connect(look);
    kernel?.connectionStatusChanged?.connect(look);
    return () => {
      clearTimeout(timer);
      kernel?.statusChanged?.disconnect(look);
      kernel?.connectionStatusChanged?.disconnect(look);
    };
  }, [store]);
  return host;
}

function isOver(status: string): boolean {
  return ["dead", "terminating", "restarting", "autorestarting"].includes(status);
}

export function kernelState(view: ViewState, slow: boolean, { status, connection }: Host): KernelState {
  if (view.lost) return status === "restarting" || status === "autorestarting" ? "restarting" : "ended";
  if (connection === "connecting" || connection === "disconnected") return "offline";
  if (slow || view.stopping === "busy" || view.pending.some((each) => each.slow)) {
    return status === "busy" || view.stopping === "busy" ? "waits" : "silent";
  }
  return status === "busy" ? "busy" : "ok";
}
