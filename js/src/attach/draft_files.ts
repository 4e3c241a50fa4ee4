/**
 * DraftFiles: what is attached to a question that is not sent yet, in order. It outlives the view that shows it, so that a file
 * which is still being read when a cell is run again arrives in the next view.
 *
 * Owns the list and its bounds; how a file becomes an attachment is `read.ts`. From extras.js (`draft.ts` leads here).
 */
import { type Signal, signal } from "@preact/signals";
import type { Memory } from "../memory.ts";
import type { Store } from "../store.ts";
import type { Attachment } from "../wire/messages.ts";
import { FILES, filesMade } from "./draft.ts";
import { Mentions } from "./mentions.ts";
import { readFile } from "./read.ts";

/** An attachment with what its chip says of it. */
export interface Ready extends Attachment {
  /** The picture as a data: URL, for its thumbnail; "" for a text. */
  picture: string;
  /** A size in words: pixels or bytes. */
  size: string;
  tokens: number;
  /** Bytes that it takes in the message to the kernel. */
  weight: number;
  /** What was done to it. */
  note?: string;
}

/** All that goes with a question: what is sent of it, and what it takes to put it back. */
export interface Taken {
  files: readonly Ready[];
  sent: { attachments?: readonly Attachment[]; mentions?: Readonly<Record<string, string>> };
}

/** What is said below the chips: something is wrong, something is to be done, or it is for a screen reader alone. */
export interface Said {
  text: string;
  kind: "wrong" | "hint" | "done";
}

export interface Chip {
  id: number;
  name: string;
  /** Null while it is being read. */
  ready: Ready | null;
}

/**
 * Bytes of all attachments of one question, as they are sent: a Jupyter server closes the connection on a message of more than
 * 10 MiB (Tornado's websocket_max_message_size).
 */
export const MOST_SENT = 8_000_000;
const MOST_FILES = 20;
let ids = 0;

/** What is attached to the draft that is kept here; made where there is nothing yet. */
export function filesOf(memory: Memory): DraftFiles {
  let files = memory.get(FILES) as DraftFiles | undefined;
  if (!files) {
    files = new DraftFiles();
    memory.set(FILES, files);
    filesMade.value++;
  }
  return files;
}

export class DraftFiles {
  readonly chips: Signal<readonly Chip[]> = signal([]);
  /** What the names in the question stand for. */
  readonly mentions = new Mentions();
  /** What was refused, or done, the last time: for the line below the chips. */
  readonly said: Signal<Said | null> = signal(null);
  /** A long text that was pasted into the box, and could be a file as well. */
  readonly pasted: Signal<string> = signal("");

  /** How many there are, names that stay text too: what is empty takes no other's place in the page's memory. */
  get length(): number {
    return this.chips.value.length + this.mentions.kept;
  }

  get reading(): boolean {
    return this.chips.value.some((chip) => !chip.ready);
  }

  /** Read files and attach what can be attached, in their order; the rest is said. */
  async add(given: Iterable<File>): Promise<void> {
    const files = [...given];
    const room = MOST_FILES - this.chips.value.length;
    const chips = files.slice(0, room).map((file) => ({ id: ++ids, name: file.name, ready: null }));
    this.chips.value = [...this.chips.value, ...chips];
    const wrong = files.length > room ? [`${MOST_FILES} files are the most for one question.`] : [];
    for (const [at, chip] of chips.entries()) {
      const ready = await readFile(files[at] as File);
      if (typeof ready === "string") {
        wrong.push(ready);
        this.remove(chip.id);
      } else if (this.weight + ready.weight > MOST_SENT) {
        wrong.push(
          `${ready.name} does not fit: ${MOST_SENT / 1e6} MB are the most for one question. Ask with fewer files.`,
        );
        this.remove(chip.id);
      } else this.chips.value = this.chips.value.map((each) => (each.id === chip.id ? { ...each, ready } : each));
    }
    const names = chips.filter((chip) => this.chips.value.some((each) => each.id === chip.id)).map((chip) => chip.name);
    const text = wrong.length > 0 ? wrong.join(" ") : names.length > 0 ? `Attached: ${names.join(", ")}` : "";
    this.said.value = text ? { text, kind: wrong.length > 0 ? "wrong" : "done" } : null;
  }

  /** A long text was pasted. */
  offer(text: string): void {
    this.pasted.value = text.replace(/\r\n?/g, "\n"); // as the box has it
  }

  remove(id: number): void {
    this.chips.value = this.chips.value.filter((chip) => chip.id !== id);
    this.said.value = null;
  }

  /** Whether a question waits until it can be seen what its names stand for; `send` it where that is nothing. */
  holds(store: Store, text: string, send: () => unknown): boolean {
    const said = (words: string) => {
      this.said.value = { text: words, kind: "hint" };
    };
    const held = this.mentions.holds(store, text, (known) => {
      const names = this.mentions.chips.value.map(({ name }) => name);
      if (known && names.length === 0) send();
      else if (known) said(`This goes along: ${names.join(", ")}. Press Enter again to send it.`);
      else said("The kernel does not say what the names stand for. Press Enter again to send it all the same.");
    });
    if (held) said("Looking up what the names stand for…");
    return held;
  }

  /** Take all of them out, to be sent. */
  take(): Taken {
    const files = this.chips.value.flatMap((chip) => (chip.ready ? [chip.ready] : []));
    this.chips.value = [];
    this.said.value = null;
    this.pasted.value = "";
    const attachments = files.map(({ kind, name, data }) => ({ kind, name, data }));
    const mentions = this.mentions.take();
    const named = Object.keys(mentions).length > 0;
    return { files, sent: { ...(files.length > 0 && { attachments }), ...(named && { mentions }) } };
  }

  /** Put back what was refused, before what has been attached since. */
  restore({ files, sent }: Taken): void {
    this.chips.value = [...files.map((each) => ({ id: ++ids, name: each.name, ready: each })), ...this.chips.value];
    this.mentions.restore(sent.mentions ?? {});
  }

  private get weight(): number {
    return this.chips.value.reduce((sum, chip) => sum + (chip.ready?.weight ?? 0), 0);
  }
}
