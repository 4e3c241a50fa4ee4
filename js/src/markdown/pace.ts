/**
 * Pace: keeps growing Markdown from taking the page's time. What is drawn in one go is counted; if it was slow (a huge list,
 * text made to be slow, a busy machine), all of the page's growing texts rest together, nine times as long. So they do when who drew
 * knows that the browser has much to do with it.
 *
 * Together, because two views of one text must show the same at every moment.
 */

/** Drawing that takes less than this in one go needs no rest; after as long without any begins another go. Milliseconds. */
const SLOW = 8;
const REST = 9;
const REST_MOST = 1_000;

/** Draws, and returns how long to rest afterwards at least. Milliseconds. */
type Draw = () => number;

export class Pace {
  private readonly waiting = new Set<Draw>();
  private spent = 0;
  private least = 0;
  private last = 0;
  private tired = false;
  private resting = false;

  /** Call `draw` now, or with all others once the page has rested. */
  run(draw: Draw): void {
    if (this.resting) this.waiting.add(draw);
    else this.count(draw);
  }

  /** `draw` is no longer wanted. */
  forget(draw: Draw): void {
    this.waiting.delete(draw);
  }

  private count(draw: Draw): void {
    const begun = performance.now();
    if (begun - this.last > SLOW) this.spent = 0;
    this.least = Math.max(this.least, draw());
    this.last = performance.now();
    this.spent += this.last - begun;
    if ((this.spent < SLOW && this.least === 0) || this.tired) return;
    this.tired = true;
    setTimeout(this.rest); // the other views of what was drawn are drawn in this task
  }

  private readonly rest = (): void => {
    setTimeout(this.endRest, Math.min(Math.max(REST * this.spent, this.least), REST_MOST));
    this.spent = this.least = 0;
    this.tired = false;
    this.resting = true;
  };

  private readonly endRest = (): void => {
    this.resting = false;
    const draws = [...this.waiting];
    this.waiting.clear();
    for (const draw of draws) this.count(draw);
  };
}

/** The page's one pace. */
export const PAGE = new Pace();
