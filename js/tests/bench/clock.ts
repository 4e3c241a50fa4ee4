/**
 * A clock for streams that are fed faster than they would come: timers wait for the time of the stream, not for that of the
 * machine. So what is done every few seconds is done as often as it would be, and a benchmark of five minutes takes half of one.
 *
 * Timers shorter than a step are the browser's own. `performance.now` stays what it is: code that measures itself measures.
 */
export class Clock {
  private now = 0;
  private last = 1_000_000_000; // ids of the browser are smaller
  private readonly timers = new Map<number, { due: number; every: number | null; action: () => void }>();

  /** Take the page's timers over. `step`: milliseconds between two updates. */
  constructor(readonly step: number) {
    const real = { set: setTimeout.bind(globalThis), clear: clearTimeout.bind(globalThis) };
    const plan = (every: boolean) =>
      ((action: TimerHandler, wait = 0, ...args: unknown[]) => {
        const call = () => (action as (...args: unknown[]) => void)(...args);
        if (wait < step && !every) return real.set(call, wait);
        this.timers.set(++this.last, { due: this.now + wait, every: every ? wait : null, action: call });
        return this.last;
      }) as unknown as typeof setTimeout;
    const clear = (id?: number) => {
      if (id === undefined || !this.timers.delete(id)) real.clear(id);
    };
    Object.assign(globalThis, { setTimeout: plan(false), setInterval: plan(true), clearTimeout: clear });
    Object.assign(globalThis, { clearInterval: clear });
  }

  /** Let this much time pass; what is due is done in order. */
  advance(milliseconds = this.step): void {
    const end = this.now + milliseconds;
    for (;;) {
      const [first] = [...this.timers].filter(([, { due }]) => due <= end).sort((a, b) => a[1].due - b[1].due);
      if (!first) break;
      const [id, timer] = first;
      this.now = Math.max(timer.due, this.now);
      if (timer.every === null) this.timers.delete(id);
      else timer.due = this.now + Math.max(timer.every, 1);
      timer.action();
    }
    this.now = end;
  }
}
