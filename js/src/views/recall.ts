/**
 * Recall: earlier questions of the conversation by the arrow keys, as in a shell. Up begins it in an empty box or at its very
 * start; Down leads back to the draft; editing makes the recalled question the draft, and keeps what was typed before it as the
 * newest of the earlier ones.
 *
 * Knows texts and carets; what is typed where is the composer's matter. From extras.js.
 */
import type { Memory } from "../memory.ts";
import type { Store } from "../store.ts";
import { textOf } from "../wire/reduce.ts";

export class Recall {
  /** The texts that are gone through, oldest first; null while nothing is. The last one is the draft. */
  private texts: string[] | null = null;
  private at = 0;
  /** What was being typed when a recalled question was edited. */
  private left = "";

  constructor(private readonly store: Store) {}

  /** The text that this key leads to; null where it does what it does in any box. */
  key(key: string, box: HTMLTextAreaElement): string | null {
    const { value, selectionStart: from, selectionEnd: to } = box;
    if (from !== to) return null;
    const placed = this.texts !== null && from === value.length; // where the last step has put it
    if (key === "ArrowUp") {
      const begins = this.texts === null ? from === 0 : placed || !value.slice(0, from).includes("\n");
      return begins ? this.step(-1, value) : null;
    }
    const ends = this.texts !== null && (placed || !value.slice(from).includes("\n"));
    return key === "ArrowDown" && ends ? this.step(1, value) : null;
  }

  /** The box was typed into. */
  edited(): void {
    const draft = this.texts?.at(-1);
    if (draft?.trim() && this.at < (this.texts?.length ?? 0) - 1) this.left = draft;
    this.texts = null;
  }

  /** What was in the box is sent. */
  sent(): void {
    this.texts = null;
    this.left = "";
  }

  private step(by: number, draft: string): string | null {
    const texts = this.texts ?? [...this.earlier(), draft];
    const next = (this.texts ? this.at : texts.length - 1) + by;
    const text = texts[next];
    if (text === undefined) return null;
    this.texts = next === texts.length - 1 ? null : texts;
    this.at = next;
    return text;
  }

  /** The questions that are loaded, sent or waiting, each once where it follows itself. */
  private earlier(): string[] {
    const { messages, queue, pending } = this.store.state;
    const asked = messages.filter((message) => message.role === "user").map(textOf);
    const waiting = [...queue, ...pending].filter((each) => !("kind" in each)).map((each) => each.text);
    const all = [...asked, ...waiting, this.left].filter((text) => text.trim());
    return all.filter((text, at) => text !== all[at - 1]);
  }
}

const recalls = new WeakMap<Memory, Recall>();

/** Where a store's composer is among the earlier questions of the conversation that it shows. */
export function recallOf(store: Store): Recall {
  const known = recalls.get(store.memory) ?? new Recall(store);
  recalls.set(store.memory, known);
  return known;
}
