/**
 * Emphasis: which runs of `*`, `_` and `~` open and close what (CommonMark 6.2, GFM 6.5).
 *
 * Owns the stack of runs that wait for a partner. What a run ends up as is left on the run: how many elements it closes, which
 * it opens, how many of its characters stay text; `spans` builds the tree from that.
 */

export type Wrap = "em" | "strong" | "del";

export interface Run {
  readonly char: string;
  /** Where it stands. */
  readonly at: number;
  readonly length: number;
  /** Its characters that are still text. */
  left: number;
  readonly mayOpen: boolean;
  readonly mayClose: boolean;
  /** What it closes, inner first, and what it opens, inner first. */
  closes: number;
  readonly opens: Wrap[];
}

const SPACE = /[\s\u00a0]/;
const PUNCTUATION = /[\p{P}\p{S}]/u;

/** A run of `length` times `char` between the characters `before` and `after` ("" at the text's ends). */
export function makeRun(char: string, at: number, length: number, before: string, after: string): Run {
  const spaceAfter = after === "" || SPACE.test(after);
  const spaceBefore = before === "" || SPACE.test(before);
  const markAfter = PUNCTUATION.test(after);
  const markBefore = PUNCTUATION.test(before);
  const left = !spaceAfter && (!markAfter || spaceBefore || markBefore);
  const right = !spaceBefore && (!markBefore || spaceAfter || markAfter);
  const word = char === "_";
  const fits = char !== "~" || length < 3;
  return {
    char,
    at,
    length,
    left: length,
    mayOpen: fits && left && (!word || !right || markBefore),
    mayClose: fits && right && (!word || !left || markAfter),
    closes: 0,
    opens: [],
  };
}

export class Emphasis {
  private readonly waiting: Run[] = [];

  get height(): number {
    return this.waiting.length;
  }

  push(run: Run): void {
    if (run.mayOpen || run.mayClose) this.waiting.push(run);
  }

  /** Match the runs above `bottom` with each other; those that wait for a partner stay. */
  match(bottom: number): void {
    const { waiting } = this;
    /** Below which run there is no partner for runs of a kind: without it, hostile text takes quadratic time. */
    const barren = new Map<string, number>();
    for (let at = bottom; at < waiting.length; ) {
      const closer = waiting[at] as Run;
      if (!closer.mayClose) {
        at++;
        continue;
      }
      const kind = `${closer.char}${closer.char === "~" ? closer.length : closer.length % 3}${closer.mayOpen}`;
      const opener = this.openerOf(closer, at, bottom, barren.get(kind) ?? -1);
      if (opener < 0) {
        barren.set(kind, (waiting[at - 1]?.at ?? -1) as number);
        if (closer.mayOpen) at++;
        else waiting.splice(at, 1);
        continue;
      }
      at = this.pair(opener, at);
    }
  }

  /** Give up the runs before `since`; returns how many still wait. */
  forget(since: number): number {
    const first = this.waiting.findIndex((run) => run.at >= since);
    this.waiting.splice(0, first < 0 ? this.waiting.length : first);
    return this.waiting.length;
  }

  /** Forget the runs above `bottom`: they stand inside a link that is closed. */
  cut(bottom: number): void {
    this.waiting.length = bottom;
  }

  private openerOf(closer: Run, at: number, bottom: number, barren: number): number {
    for (let below = at - 1; below >= bottom; below--) {
      const opener = this.waiting[below] as Run;
      if (opener.at <= barren) return -1;
      if (opener.mayOpen && opener.char === closer.char && fits(opener, closer)) return below;
    }
    return -1;
  }

  /** Join two runs; returns where to go on. */
  private pair(below: number, at: number): number {
    const { waiting } = this;
    const [opener, closer] = [waiting[below] as Run, waiting[at] as Run];
    const used = closer.char === "~" ? closer.length : opener.left > 1 && closer.left > 1 ? 2 : 1;
    opener.opens.push(closer.char === "~" ? "del" : used === 2 ? "strong" : "em");
    closer.closes++;
    opener.left -= used;
    closer.left -= used;
    const gone = opener.left === 0 ? below : below + 1;
    waiting.splice(gone, at - gone + (closer.left === 0 ? 1 : 0));
    return gone;
  }
}

/** If one of two runs could both open and close, their lengths must not add up to a multiple of three, or both be one. */
function fits(opener: Run, closer: Run): boolean {
  if (closer.char === "~") return opener.length === closer.length;
  if (!opener.mayClose && !closer.mayOpen) return true;
  return closer.length % 3 === 0 || (opener.length + closer.length) % 3 !== 0;
}
