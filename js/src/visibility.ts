/** Watches whether anybody can see a view of a model: on the screen, in a page that is not in the background. */

/** The kernel is told after things have been still for this long, so that scrolling by costs nothing. Milliseconds. */
const SETTLE = 400;

export class Visibility {
  private readonly shown = new Map<Element, boolean>();
  private said = true; // a view counts as visible until it says otherwise
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly observer: IntersectionObserver;

  constructor(private readonly tell: (visible: boolean) => void) {
    this.observer = new IntersectionObserver(
      (entries) => {
        for (const entry of entries)
          if (this.shown.has(entry.target)) this.shown.set(entry.target, entry.isIntersecting);
        this.plan();
      },
      { rootMargin: "200px" },
    );
    document.addEventListener("visibilitychange", this.plan);
  }

  add(view: Element): () => void {
    this.shown.set(view, true);
    this.observer.observe(view);
    this.plan();
    return () => {
      this.shown.delete(view);
      this.observer.unobserve(view);
      this.plan();
    };
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.observer.disconnect();
    document.removeEventListener("visibilitychange", this.plan);
  }

  private readonly plan = (): void => {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const visible = !document.hidden && [...this.shown.values()].includes(true);
      if (visible === this.said) return;
      this.said = visible;
      this.tell(visible);
    }, SETTLE);
  };
}
