/**
 * Memory: what views keep beyond their own life, by conversation, in the page's one slot.
 *
 * What is the conversation's (which sections are open, what was asked) all its views share. What is a view's own (its draft,
 * what it edits, where it is scrolled to) stays its own while it is on the page; when it leaves (the cell was moved, or run
 * again, which makes a new model), that is left to the next view of the conversation that asks for it. A model's renderings
 * count as one view. Must not know what is kept.
 */
import { registry } from "./registry.ts";
import type { Store } from "./store.ts";

/** What was kept longest ago is forgotten beyond this many conversations. */
const MOST = 50;
/** Names that begin so are a view's own. */
const OWN = /^(draft|scroll|branch|edit|queued)\b/;

export interface Shelf {
  shared: Map<string, unknown>;
  /** What views that are gone have left. */
  left: Map<string, unknown>;
}

export class Memory {
  private readonly own = new Map<string, unknown>();
  private readonly lone: Shelf = newShelf();

  /** `conversation` is its id, "" where the kernel tells none; `views` is how many renderings of the model are on the page. */
  constructor(
    readonly conversation: string,
    public views = 0,
  ) {}

  get(name: string): unknown {
    const { shared, left } = this.shelf;
    if (!OWN.test(name)) return shared.get(name);
    if (this.views > 0 && left.has(name) && !this.own.has(name)) {
      this.own.set(name, left.get(name));
      left.delete(name);
    }
    return this.own.has(name) ? this.own.get(name) : left.get(name);
  }

  has(name: string): boolean {
    return this.keys().includes(name);
  }

  set(name: string, value: unknown): void {
    const { shared, left } = this.shelf;
    (OWN.test(name) ? (this.views > 0 ? this.own : left) : shared).set(name, value);
  }

  delete(name: string): void {
    const { shared, left } = this.shelf;
    for (const each of OWN.test(name) ? [this.own, left] : [shared]) each.delete(name);
  }

  keys(): string[] {
    const { shared, left } = this.shelf;
    return [...new Set([...this.own.keys(), ...left.keys(), ...shared.keys()])];
  }

  /** So many more views are on the page. With the last one what was its own is for the next; what is empty takes no other's place. */
  show(more: number): void {
    this.views += more;
    if (this.views > 0) return;
    const { left } = this.shelf;
    for (const [name, value] of this.own)
      if ((value as { length?: number } | null)?.length !== 0) left.set(name, value);
    this.own.clear();
  }

  private get shelf(): Shelf {
    if (!this.conversation) return this.lone;
    const { shelves } = registry();
    const shelf = shelves.get(this.conversation) ?? newShelf();
    shelves.delete(this.conversation); // and to the end with it: the first is the one of longest ago
    shelves.set(this.conversation, shelf);
    for (const oldest of shelves.keys()) if (shelves.size > MOST) shelves.delete(oldest);
    return shelf;
  }
}

function newShelf(): Shelf {
  return { shared: new Map(), left: new Map() };
}

/** Give the store what is kept of its conversation, as long as a view of it is on the page; returns how to end that. */
export function remember(store: Store): () => void {
  const follow = () => {
    const { conversation } = store.state;
    const old = store.memory as Memory | undefined;
    if (old?.conversation === conversation) return;
    store.memory = new Memory(conversation, old?.views);
    old?.show(-old.views);
  };
  follow();
  store.memory.show(1);
  const leave = store.subscribe(follow);
  return () => {
    leave();
    store.memory.show(-1);
  };
}
