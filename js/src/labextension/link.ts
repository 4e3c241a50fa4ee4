/**
 * Link: the way to nbchat in one kernel, over a comm at the target `nbchat.panel`; no code is ever run there.
 *
 * Owns whether nbchat is loaded there and the list of its conversations. A kernel without nbchat closes the comm at once; it is
 * tried again when a cell that speaks of nbchat has ended.
 */
import type { Comm, Kernel, Message } from "./host.ts";

export interface Row {
  name: string;
  title: string;
  status: string;
  cost: string;
  /** The notebook's own conversation. */
  own: boolean;
  /** A session holds it; others are only offered. */
  live: boolean;
}

/** Without an answer for so long the kernel is taken to be busy. Milliseconds. */
const PATIENCE = 1_000;
/** A comm that is opened before it has its subshell is heard between cells only; so long it is waited for. Milliseconds. */
const SUBSHELL = 500;
const OVER = new Set(["restarting", "autorestarting", "terminating", "dead"]);

export type LinkState = "new" | "asked" | "busy" | "absent" | "open" | "foreign";

export class Link {
  state: LinkState = "new";
  rows: Row[] = [];
  /** The conversation that was opened last, and its model; null while it is on its way. */
  shown: { name: string | null; model: string | null } | null = null;
  /** What was refused last. */
  error = "";

  private comm: Comm | null = null;
  /** Requests whose cells speak of nbchat and have not ended. */
  private readonly loading = new Set<string>();
  private hope = false;
  private ended = false;

  constructor(
    readonly kernel: Kernel,
    private readonly changed: () => void,
  ) {
    kernel.statusChanged.connect(this.onStatus);
    kernel.iopubMessage.connect(this.onMessage);
  }

  /** Ask the kernel, unless that is done; resolves when the state is known, or the kernel too busy to say. */
  async connect(): Promise<void> {
    if (this.state !== "new" && this.state !== "absent") return this.answered();
    this.to("asked");
    const { language_info } = await this.kernel.info;
    if (this.ended) return;
    if (language_info?.name && language_info.name !== "python") return this.to("foreign");
    const comm = this.kernel.createComm("nbchat.panel");
    this.comm = comm;
    comm.onMsg = (message) => this.heard(comm, message);
    comm.onClose = () => this.closed(comm);
    if (this.kernel.supportsSubshells) await Promise.race([comm.subshellStarted, after(SUBSHELL)]).catch(() => {});
    if (this.ended || comm !== this.comm) return;
    comm.open();
    setTimeout(() => this.state === "asked" && this.to("busy"), PATIENCE);
    return this.answered();
  }

  /** Show a conversation, or with null a new one: its model comes as `shown`. */
  open(name: string | null): void {
    this.error = "";
    this.shown = { name, model: null };
    this.comm?.send(name === null ? { op: "new" } : { op: "open", name });
    this.changed();
  }

  dispose(): void {
    this.ended = true;
    this.kernel.statusChanged.disconnect(this.onStatus);
    this.kernel.iopubMessage.disconnect(this.onMessage);
    this.drop();
    this.waiting.splice(0).forEach((go) => {
      go();
    });
  }

  private readonly waiting: (() => void)[] = [];

  private answered(): Promise<void> {
    return this.state === "asked" ? new Promise((resolve) => this.waiting.push(resolve)) : Promise.resolve();
  }

  private to(state: LinkState): void {
    this.state = state;
    if (state !== "asked") for (const go of this.waiting.splice(0)) go();
    if (!this.ended) this.changed();
  }

  private heard(comm: Comm, message: Message): void {
    if (comm !== this.comm) return;
    const content = (message.content.data as { content?: Record<string, unknown> }).content ?? {};
    if (content.op === "sessions") this.rows = content.sessions as Row[];
    else if (content.op === "view") this.shown = { name: content.name as string, model: content.model_id as string };
    else if (content.op === "error") {
      const { text, hint } = content.error as { text: string; hint: string };
      this.error = `${text} ${hint}`.trim();
      if (this.shown?.model === null) this.shown = null;
    }
    this.to("open");
  }

  private closed(comm: Comm): void {
    if (comm !== this.comm) return;
    this.comm = null;
    this.shown = null;
    this.to("absent");
    this.tryAgain();
  }

  /** nbchat may be there by now: a cell that speaks of it has ended since it was found missing, or while it was asked for. */
  private tryAgain(): void {
    if (!this.hope || this.state !== "absent") return;
    this.hope = false;
    void this.connect();
  }

  private drop(): void {
    const comm = this.comm;
    this.comm = null;
    if (comm && !comm.isDisposed) comm.close();
  }

  private readonly onStatus = (_: Kernel, status: string): void => {
    if (OVER.has(status)) {
      this.comm = null; // the kernel's end is gone with it
      this.shown = null;
      this.rows = [];
      this.hope = false;
      this.loading.clear();
      this.to("absent");
    }
  };

  /** The cell's own idle counts: comms on subshells have theirs, in the middle of it. */
  private readonly onMessage = (_: Kernel, { header, parent_header, content }: Message): void => {
    const request = parent_header.msg_id ?? "";
    if (header.msg_type === "execute_input" && String(content.code).includes("chat")) this.loading.add(request);
    else if (header.msg_type === "status" && content.execution_state === "idle" && this.loading.delete(request)) {
      this.hope = true;
      this.tryAgain();
    }
  };
}

function after(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
