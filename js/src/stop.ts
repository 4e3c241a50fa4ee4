/**
 * Stop: a turn was asked to stop, and how far that has got.
 *
 * Owns the asking (on every way that there is to the kernel) and what is said when nothing answers; must not know how it is drawn.
 */
import { sendOnControl } from "./control.ts";
import type { Model } from "./model.ts";
import type { Schedule } from "./schedule.ts";
import type { Outgoing } from "./wire/protocol.ts";

/** "busy" when nothing answered for a second, because a cell keeps the kernel from listening; null when no stop is under way. */
export type Stopping = "asked" | "acknowledged" | "counting" | "busy" | null;

/** After this long without an effect the view says why. Milliseconds. */
const PATIENCE = 1_000;

export class Stop {
  stage: Stopping = null;

  constructor(
    private readonly model: Model,
    private readonly send: (message: Outgoing) => void,
    private readonly schedule: Schedule,
    private readonly changed: () => void,
  ) {}

  /** Ask for this turn to stop, or whichever runs; once more while its request is read on for what it used ends that too. */
  ask(turn: string | null): void {
    const again = this.stage === "counting";
    if (this.stage && !again) return;
    this.stage = "asked";
    const message: Outgoing = { op: "stop", turn, ...(again && { at_once: true }) };
    this.send(message);
    sendOnControl(this.model, message);
    this.schedule.set("stop", PATIENCE, () => {
      if (this.stage === "asked") this.stage = "busy";
      this.changed();
    });
    this.changed();
  }

  /** The kernel has heard it; `counting` while it reads the request on. */
  answered(counting: boolean | undefined): void {
    if (this.stage) this.stage = counting ? "counting" : "acknowledged";
  }

  /** Nothing runs any more, or nobody is there to stop it. */
  end(): void {
    this.stage = null;
    this.schedule.cancel("stop");
  }
}
