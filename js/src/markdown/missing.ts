/**
 * Missing: texts that refer to something that nothing defines yet, so that they can be read once more when something does.
 *
 * Owns when that is: at once, but a text with very many such labels waits for a share of them, or it would be read as often as
 * labels are defined.
 */
import type { Context, Inline } from "./patch.ts";

const MANY = 64;
const SHARE = 8;

export class Missing {
  private readonly waiting = new Map<string, Set<Inline>>();
  /** How many labels of a text are defined since it was last read. */
  private readonly due = new Map<Inline, number>();

  add(labels: ReadonlySet<string>, inline: Inline): void {
    for (const label of labels) {
      const waiting = this.waiting.get(label);
      if (waiting) waiting.add(inline);
      else this.waiting.set(label, new Set([inline]));
    }
  }

  define(label: string): void {
    for (const inline of this.waiting.get(label) ?? []) this.due.set(inline, (this.due.get(inline) ?? 0) + 1);
    this.waiting.delete(label);
  }

  /** Read the texts whose time has come; at the text's end, all that something new is defined for. */
  settle(context: Context, end: boolean): void {
    for (const [inline, count] of this.due) {
      if (!end && count * SHARE < inline.misses - MANY) continue;
      this.due.delete(inline);
      inline.refresh(context);
    }
  }
}
