/**
 * Mentions: the names of a question that is being written which stand for something in the notebook (`@df`), as the kernel says.
 *
 * Owns when it is asked, which of the names somebody wants to stay text, and that a question waits until its chips are there: what goes
 * along has been seen. What is a name, and what it stands for, is the kernel's
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
  /** What told of the names when they were last looked up; "" where that is to be done again. */
  private asked = "";
  /** The same, but that it stays: their chips have been seen. */
  private seen = "";
  private wanted = "";
  /** What tells of the names in the text that is asked about soon. */
  private due = "";
  /** What is to be done when it is known what the names of the question that is held stand for. */
  private settle: ((known: boolean) => void) | null = null;
  private under = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** How many names stay text. */
  get kept(): number {
    return this.literal.size;
  }

  /** The text is this now: ask what of it stands for something, soon, if that may be something else than before. */
  look(store: Store, text: string): void {
    if (text !== this.wanted) this.settle = null; // somebody goes on writing
    this.wanted = text;
    for (const name of [...this.literal])
      if (!text.includes(name)) {
        this.literal.delete(name); // written again it is a name again
        this.asked = "";
      }
    const told = telling(text);
    if (!text.includes("@")) this.forget();
    if (told === this.due) return; // it is asked about soon, while other words are written
    clearTimeout(this.timer);
    this.due = text.includes("@") && told !== this.asked ? told : "";
    if (this.due) this.timer = setTimeout(() => void this.ask(store), PAUSE);
  }

  /**
   * Whether a question that is to be sent waits: nobody has seen yet what its names stand for. The kernel is asked at once, and `then`
   * called with whether it said. Who sends the same once more has it sent: the kernel looks by itself.
   */
  holds(store: Store, text: string, then: (known: boolean) => void): boolean {
    if (!text.includes("@") || telling(text) === this.seen || this.settle) return false;
    this.wanted = text;
    this.settle = then;
    clearTimeout(this.timer);
    void this.ask(store);
    return true;
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
    this.settle = null;
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
    let known = true;
    this.due = "";
    try {
      const { mentions } = await call(store, "mentions", { text });
      this.chips.value = mentions.filter(({ name }) => !this.literal.has(name) && this.wanted.includes(name));
    } catch {
      known = false;
      this.forget(); // the question can be sent without; the kernel looks then
    }
    this.under = false;
    const told = telling(this.wanted);
    if (told === telling(text)) this.asked = this.seen = told; // else it is another question by now
    if (this.settle && told !== this.seen) return this.ask(store); // it was held while another was asked about
    if (this.wanted !== text) this.look(store, this.wanted);
    this.settle?.(known);
    this.settle = null;
  }

  private forget(): void {
    clearTimeout(this.timer);
    this.asked = this.seen = this.due = "";
    if (this.chips.value.length > 0) this.chips.value = [];
  }
}

function telling(text: string): string {
  return (text.match(TELLING) ?? []).join(" ");
}
