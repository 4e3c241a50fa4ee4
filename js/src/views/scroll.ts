/**
 * Following the end of a growing conversation, until the reader goes up; then what the reader looks at stays in its place, whatever
 * is loaded, drawn or opened around it, and a pill leads back.
 *
 * A scroll event does not say who scrolled. Wheel, keys and fingers do, before their smooth movements have begun with steps too
 * small to tell from the end; all else (scrollbar, selection, find in page, focus) is known by where it leads. Positions are set
 * from a ResizeObserver, after layout and before anything is painted; inside `render` a view is not attached yet and would lose them.
 */
import { type Signal, signal } from "@preact/signals";
import { type Anchor, anchorAt, anchorOf, messageIn, type Place, placeIn, shiftOf } from "./anchor.ts";
import { drawSeen, isDrawn } from "./later.ts";

/** Scrolling down to this near the end counts as arriving there. Pixels. */
const NEAR = 32;
/** Less than this from the end is the end: browsers scroll by fractions of a pixel. */
const AT_END = 2;
/** A finger that went down this far scrolls up. Pixels. */
const FINGER = 4;
/** What is opened by a click has its size after this long. Milliseconds. */
const OPENED = 300;
/** A jump over more screens than this is no movement that an eye could follow. */
const SMOOTH_SCREENS = 3;
/** What changes its size when it is clicked. */
const OPENS = "summary, [aria-expanded], [aria-pressed], .tool-head button";
const UP = ["ArrowUp", "PageUp", "Home"];

export class Follow {
  /** Whether the view follows the end. */
  readonly pinned: Signal<boolean>;
  /** Older messages are wanted, the reader is near the first one; says whether some will come. */
  onTop: () => boolean = () => false;
  private anchor: Anchor | null = null;
  private latest: Place | null;
  private top = 0;
  private height = 0;
  private width = 0;
  /** The place is kept until what was clicked has opened, or until another branch is there. */
  private held: "opening" | "branch" | null = null;
  /** The mouse is down: what is being selected must not run away. */
  private pressed = false;
  private finger = 0;
  private scroller: HTMLElement | undefined;
  private content: HTMLElement | undefined;

  /** Take up where an earlier view was: null is the end. */
  constructor(private restore: Place | null) {
    this.pinned = signal(restore === null);
    this.latest = restore;
  }

  /** Where a later view should begin: null at the end. */
  get place(): Place | null {
    return this.pinned.value ? null : this.latest;
  }

  attach(scroller: HTMLElement, content: HTMLElement): () => void {
    this.scroller = scroller;
    this.content = content;
    const observer = new ResizeObserver(this.settle);
    observer.observe(content);
    observer.observe(scroller);
    const passive = { passive: true };
    const listeners: [EventTarget, string, (event: never) => void, AddEventListenerOptions?][] = [
      [scroller, "scroll", this.scrolled, passive],
      [scroller, "scrollend", this.arrived, passive],
      [scroller, "wheel", this.wheeled, passive],
      [scroller, "touchstart", this.touched, passive],
      [scroller, "touchmove", this.dragged, passive],
      [scroller, "keydown", this.typed],
      [scroller, "click", this.clicked, { capture: true }],
      [scroller, "pointerdown", this.press, { capture: true }],
      [document, "pointerup", this.release],
      [document, "pointercancel", this.release],
    ];
    for (const [target, name, listener, how] of listeners)
      target.addEventListener(name, listener as EventListener, how);
    return () => {
      observer.disconnect();
      for (const [target, name, listener, how] of listeners)
        target.removeEventListener(name, listener as EventListener, how);
    };
  }

  /** Go to the end and follow it. */
  readonly jump = (): void => {
    const scroller = this.scroller;
    this.pinned.value = true;
    this.restore = null;
    if (!scroller) return;
    const near = restOf(scroller) < SMOOTH_SCREENS * scroller.clientHeight;
    const smooth = near && !matchMedia("(prefers-reduced-motion: reduce)").matches;
    scroller.scrollTo({ top: scroller.scrollHeight, behavior: smooth ? "smooth" : "instant" });
  };

  /** Stay here while another branch comes; at its end, if that is where the reader then is. */
  readonly hold = (): void => {
    this.mark();
    this.pinned.value = false;
    this.held = "branch";
  };

  /** Something changed its size or was put in: the end, or what the reader looks at, stays where it is. */
  readonly settle = (): void => {
    const scroller = this.scroller;
    if (!scroller || scroller.clientHeight === 0) return; // a host may take a view off the page; the browser forgets the position
    if (this.restore) this.take(this.restore);
    else if (this.pinned.value && !this.pressed && this.held !== "opening") scroller.scrollTop = scroller.scrollHeight;
    else if (this.anchor?.node.isConnected) {
      const shift = shiftOf(this.anchor, scroller, scroller.clientWidth !== this.width);
      if (Math.abs(shift) >= 1) scroller.scrollTop += shift;
    }
    if (this.held === "branch") {
      this.held = null;
      if (restOf(scroller) <= AT_END) this.pinned.value = true;
    }
    this.top = scroller.scrollTop;
    this.height = scroller.scrollHeight;
    if (!this.pinned.value && (scroller.clientWidth !== this.width || !this.anchor?.node.isConnected)) this.mark();
    if (!isDrawn() || this.isNearTop(scroller)) requestAnimationFrame(this.fill); // nothing may change its size in here
  };

  /** Note what stands at the upper edge. */
  private mark(): void {
    const { scroller, content } = this;
    if (!scroller || !content) return;
    this.width = scroller.clientWidth;
    this.anchor = anchorAt(scroller, content);
    if (!this.restore) this.latest = placeIn(scroller, content);
  }

  /** Go where an earlier view was, once that message is there. */
  private take(place: Place): void {
    const { scroller, content } = this;
    if (!scroller || !content) return;
    const node = messageIn(content, place.message);
    if (node) scroller.scrollTop += shiftOf({ node, offset: place.offset, height: 0 }, scroller, false);
    else if (this.onTop()) return;
    else this.pinned.value = true;
    this.restore = null;
    if (!node) scroller.scrollTop = scroller.scrollHeight;
    this.mark();
  }

  /** Draw what is seen, and have older messages come before the reader is at the first one. */
  private readonly fill = (): void => {
    const { scroller, content } = this;
    if (!scroller?.isConnected || !content) return;
    drawSeen(scroller, content);
    if (this.isNearTop(scroller)) this.onTop();
  };

  private isNearTop({ scrollTop, scrollHeight, clientHeight }: HTMLElement): boolean {
    return scrollHeight <= clientHeight || (!this.pinned.value && scrollTop < clientHeight);
  }

  private letGo(): void {
    this.restore = null;
    if (!this.pinned.value || !this.scroller || this.scroller.scrollTop <= 0) return;
    this.pinned.value = false;
    this.mark();
  }

  private readonly scrolled = (): void => {
    const scroller = this.scroller;
    if (!scroller || scroller.clientHeight === 0) return;
    const { scrollTop } = scroller;
    if (Math.abs(scrollTop - this.top) > 1) this.restore = null;
    const rest = restOf(scroller);
    const shrunk = scroller.scrollHeight < this.height && rest < scroller.clientHeight; // the browser has moved up, not the reader
    if (rest <= AT_END || (rest < NEAR && scrollTop > this.top)) this.pinned.value = true;
    else if (scrollTop < this.top - 1 && !shrunk) this.pinned.value = false;
    this.top = scrollTop;
    if ((!this.pinned.value || this.pressed) && this.held !== "opening") this.mark();
    this.fill();
  };

  /** A smooth jump ends where the end was when it began. */
  private readonly arrived = (): void => {
    if (this.pinned.value && this.scroller && restOf(this.scroller) > AT_END) this.settle();
  };

  private readonly wheeled = (event: WheelEvent): void => {
    const up = event.deltaY < 0 && -event.deltaY > Math.abs(event.deltaX);
    if (up && !this.isInner(event)) this.letGo();
  };

  private readonly touched = ({ touches }: TouchEvent): void => {
    this.finger = touches[0]?.clientY ?? 0;
  };

  private readonly dragged = (event: TouchEvent): void => {
    if ((event.touches[0]?.clientY ?? 0) > this.finger + FINGER && !this.isInner(event)) this.letGo();
  };

  private readonly typed = (event: KeyboardEvent): void => {
    const up = UP.includes(event.key) || (event.key === " " && event.shiftKey);
    const writes = (event.target as Element).matches("textarea, input, summary, button");
    if (up && !writes && !event.defaultPrevented && !this.isInner(event)) this.letGo();
  };

  private readonly clicked = (event: MouseEvent): void => {
    const opens = (event.target as Element).closest(OPENS);
    if (!opens || !this.scroller || (this.pinned.value && this.isBelowAll(opens))) return;
    this.mark();
    this.anchor = anchorOf(this.scroller, opens);
    this.held = "opening";
    setTimeout(this.opened, OPENED);
  };

  /** Whether what this opens comes below all else: at the end nobody would see it there, so the end is followed. */
  private isBelowAll(opens: Element): boolean {
    const messages = this.content?.querySelectorAll(".message");
    return opens.closest(".footer") !== null && messages?.[messages.length - 1] === opens.closest(".message");
  }

  private readonly opened = (): void => {
    if (this.held === "opening" && this.scroller) this.pinned.value = restOf(this.scroller) <= AT_END;
    this.held = null;
  };

  private readonly press = ({ button, pointerType }: PointerEvent): void => {
    if (button !== 0 || pointerType === "touch") return;
    this.pressed = true;
    this.mark();
  };

  private readonly release = (): void => {
    if (!this.pressed) return;
    // a click comes right after this, and may hold what was pressed
    setTimeout(() => {
      const scroller = this.scroller;
      this.pressed = false;
      if (!scroller || !this.pinned.value) return;
      if (restOf(scroller) <= AT_END || !isSelected(scroller)) return this.settle();
      this.pinned.value = false;
      this.mark();
    });
  };

  /** Whether something inside scrolls up instead. */
  private isInner(event: Event): boolean {
    const path = event.composedPath();
    const inner = path.slice(0, path.indexOf(this.scroller as HTMLElement));
    return inner.some((each) => each instanceof Element && each.scrollTop > 0);
  }
}

function restOf({ scrollHeight, scrollTop, clientHeight }: HTMLElement): number {
  return scrollHeight - scrollTop - clientHeight;
}

/** Whether some text in it is selected. */
function isSelected(scroller: HTMLElement): boolean {
  const root = scroller.getRootNode() as ShadowRoot & { getSelection?: () => Selection | null };
  const selection = root.getSelection?.() ?? document.getSelection();
  return selection?.type === "Range" && scroller.contains(selection.anchorNode);
}
