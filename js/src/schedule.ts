/** Named one-shot timers: setting one again replaces it, `once` lets a running one go on. Milliseconds. */
export class Schedule {
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();

  set(name: string, wait: number, action: () => void): void {
    this.cancel(name);
    this.timers.set(
      name,
      setTimeout(
        () => {
          this.timers.delete(name);
          action();
        },
        Math.max(wait, 0),
      ),
    );
  }

  once(name: string, wait: number, action: () => void): void {
    if (!this.timers.has(name)) this.set(name, wait, action);
  }

  cancel(name: string): void {
    clearTimeout(this.timers.get(name));
    this.timers.delete(name);
  }

  clear(): void {
    for (const name of [...this.timers.keys()]) this.cancel(name);
  }
}
