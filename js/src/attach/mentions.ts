/**
 * Mentions: the names of a question that is being written which stand for something in the notebook (`@df`), as the kernel says.
 *
 * Owns when it is asked, and which of the names somebody wants to stay text. What is a name, and what it stands for, is the kernel's
 * matter (nbchat/core/mentions.py). From extras.js.
 */
import { type Signal, signal } from "@preact/signals";
import { call } from "../calls.ts";
import type { Store } from "../store.ts";
import type { Mention } from "../wire/calls.ts";

/** After so long without a key the kernel is asked. Milliseconds. */
const PAUSE = 400;
/** What decides which names are meant: signs before them, code around them, lines between them. */
const TELLING = /[^\s`]?@[^\s`]*|`+|~~~+|\n\s*\n|^\s*(?:async|def|class)\b/gmu;

export class Mentions {
  readonly chips: Signal<readonly Mention[]> = signal([]);
  /** Names that stay text. */
  private readonly literal = new Set<string>();
  private asked = "";
  private wanted = "";
  private under = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** How many names stay text. */
  get kept(): number {
    return this.literal.size;
  }

  /** The text is this now: ask what of it stands for something, soon, if that may be something else than before. */
  look(store: Store, text: string): void {
    clearTimeout(this.timer);
    this.wanted = text;
    for (const name of [...this.literal])
      if (!text.includes(name)) {
        this.literal.delete(name); // written again it is a name again
        this.asked = "";
      }
    if (!text.includes("@")) this.forget();
    else if (telling(text) !== this.asked) this.timer = setTimeout(() => void this.ask(store), PAUSE);
  }

  /** Cells may have run since. */
  lookAgain(store: Store): void {
    this.asked = "";
    this.look(store, this.wanted);
  }

  /** Let a name stay text. */
  remove(name: string): void {
    this.literal.add(name);
    this.chips.value = this.chips.value.filter((chip) => chip.name !== name);
  }

  /** What is said of the names when the question is sent: what their chips showed, and which are text. */
  take(): Record<string, string> {
    clearTimeout(this.timer);
    const shown = this.chips.value.map(({ name, digest }) => [name, digest]);
    const said = Object.fromEntries([...shown, ...[...this.literal].map((name) => [name, ""])]);
    this.literal.clear();
    this.wanted = "";
    this.forget();
    return said;
  }

  /** The question is back: what was to stay text stays text. */
  restore(said: Record<string, string>): void {
    for (const [name, digest] of Object.entries(said)) if (!digest) this.literal.add(name);
    this.asked = "";
  }

  private async ask(store: Store): Promise<void> {
    if (this.under) return; // one at a time: when it is answered, it is seen whether there is more to ask
    this.under = true;
    const text = this.wanted;
    try {
      const { mentions } = await call(store, "mentions", { text });
      this.asked = telling(text);
      this.chips.value = mentions.filter(({ name }) => !this.literal.has(name) && this.wanted.includes(name));
    } catch {
      this.forget(); // the question can be sent without; the kernel looks then
      this.asked = telling(text);
    }
    this.under = false;
    if (this.wanted !== text) this.look(store, this.wanted);
  }

  private forget(): void {
    this.asked = "";
    if (this.chips.value.length > 0) this.chips.value = [];
  }
}

function telling(text: string): string {
  return (text.match(TELLING) ?? []).join(" ");
}
