/**
 * Following the end of a growing conversation, until the reader scrolls up; then a pill leads back.
 *
 * The scroll position is set from a ResizeObserver: inside `render` the view is not attached yet and would lose it.
 */
import { type Signal, signal } from "@preact/signals";

/** Scrolling down to this near the end counts as arriving there. Pixels. */
const NEAR = 32;
/** Less than this from the end is the end: browsers scroll by fractions of a pixel. */
const AT_END = 2;

export class Follow {
  /** Whether the view follows the end. */
  readonly pinned: Signal<boolean> = signal(true);
  private top = 0;
  private held = false;
  private observer: ResizeObserver | undefined;
  private scroller: HTMLElement | undefined;

  /** Take up where an earlier view of the same model was: null is the end. */
  constructor(private restore: number | null) {
    this.pinned.value = restore === null;
  }

  /** Where a later view should begin: null at the end. */
  get place(): number | null {
    return this.pinned.value ? null : this.top;
  }

  attach(scroller: HTMLElement, content: HTMLElement): () => void {
    this.scroller = scroller;
    const observer = new ResizeObserver(this.settle);
    this.observer = observer;
    observer.observe(content);
    observer.observe(scroller);
    scroller.addEventListener("scroll", this.scrolled, { passive: true });
    scroller.addEventListener("wheel", this.wheeled, { passive: true });
    return () => {
      this.observer?.disconnect();
      scroller.removeEventListener("scroll", this.scrolled);
      scroller.removeEventListener("wheel", this.wheeled);
    };
  }

  /** Go to the end and follow it. */
  readonly jump = (): void => {
    this.pinned.value = true;
    this.settle();
  };

  /** Stay here while what follows changes; at its end, if that is where the reader then is. */
  readonly hold = (): void => {
    this.pinned.value = false;
    this.held = true;
  };

  /** Keep what the reader looks at in place while `change` puts something above it. */
  keepPlace(heightBefore: number): void {
    const scroller = this.scroller;
    if (scroller && !this.pinned.value && scroller.scrollTop < NEAR)
      scroller.scrollTop += scroller.scrollHeight - heightBefore;
  }

  private readonly settle = (): void => {
    const scroller = this.scroller;
    if (!scroller) return;
    if (scroller.clientHeight === 0) {
      // taken off the page for a while (a host that draws only what is in sight): the browser forgets the position
      if (!this.pinned.value) this.restore ??= this.top;
      return;
    }
    if (this.pinned.value) scroller.scrollTop = scroller.scrollHeight;
    else if (this.restore !== null) scroller.scrollTop = this.restore;
    else if (this.held && restOf(scroller) <= AT_END) this.pinned.value = true;
    this.restore = null;
    this.held = false;
    this.top = scroller.scrollTop;
  };

  /** A wheel turned up lets go at once: its smooth movement begins with steps too small to tell from the end. */
  private readonly wheeled = (event: WheelEvent): void => {
    const scroller = this.scroller;
    if (event.deltaY < 0 && scroller && scroller.scrollTop > 0) this.pinned.value = false;
  };

  private readonly scrolled = (): void => {
    const scroller = this.scroller;
    if (!scroller || scroller.clientHeight === 0) return;
    const { scrollTop } = scroller;
    const rest = restOf(scroller);
    if (rest <= AT_END || (rest < NEAR && scrollTop > this.top)) this.pinned.value = true;
    else if (scrollTop < this.top - 1) this.pinned.value = false;
    this.top = scrollTop;
  };
}

function restOf({ scrollHeight, scrollTop, clientHeight }: HTMLElement): number {
  return scrollHeight - scrollTop - clientHeight;
}
