/**
 * What the views of a page share. Each view's module is loaded on its own (one blob per model), so sharing goes through one
 * slot on `globalThis`: the app, once it is there, and the random id of this page.
 */
import type { Store } from "./store.ts";

/** The heavy part: draws a view into `host` and returns how to take it away again. */
export interface App {
  mount(host: HTMLElement, store: Store): () => void;
}

export interface Registry {
  page: string;
  app: App | null;
  waiting: Set<(app: App) => void>;
  /** When the app was last asked for over the wire (milliseconds of `Date.now`), so that fifty views ask once. */
  asked: number;
}

const SLOT = Symbol.for("nbchat/1");

export function registry(): Registry {
  const slots = globalThis as unknown as Record<symbol, Registry | undefined>;
  slots[SLOT] ??= { page: randomId(), app: null, waiting: new Set(), asked: 0 };
  return slots[SLOT];
}

/** Make the app known, and give it to every view that waits. */
export function register(app: App): void {
  const shared = registry();
  shared.app = app;
  const waiting = [...shared.waiting];
  shared.waiting.clear();
  for (const ready of waiting) ready(app);
}

/** 16 random hexadecimal digits; works on plain http too, where `crypto.randomUUID` is missing. */
export function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
