/**
 * What the views of a page share. Each view's module is loaded on its own (one blob per model), so sharing goes through one
 * slot on `globalThis`: the app, once it is there, what has been loaded besides, the random id of this page, and what is kept of
 * each conversation (`memory`).
 */
import type { Shelf } from "./memory.ts";
import type { Store } from "./store.ts";
import type { AssetName } from "./wire/protocol.ts";

/** The heavy part: draws a view into `host` and returns how to take it away again. */
export interface App {
  mount(host: HTMLElement, store: Store): () => void;
  /** The last code block that the view in `host` shows, or null. */
  lastCode(host: HTMLElement): string | null;
  /** Put `text` before what is typed in the composer of the view in `host` and go there; says whether it has one. */
  compose(host: HTMLElement, text: string): boolean;
}

export interface Registry {
  page: string;
  app: App | null;
  waiting: Set<(app: App) => void>;
  /** Every model of the page that is alive: any of them can ask for an asset. */
  stores: Set<Store>;
  /** Who takes the code of an asset when it comes. */
  arrivals: Map<AssetName, (code: string) => void>;
  /** The modules that extras.js has in common with the app, which it takes from here (build.mjs). */
  kit: Readonly<Record<string, unknown>>;
  /** Assets that are here or on their way. */
  loads: Map<AssetName, Promise<unknown>>;
  /** When the app was last asked for over the wire (milliseconds of `Date.now`), so that fifty views ask once. */
  asked: number;
  /** By the conversation's id. */
  shelves: Map<string, Shelf>;
  /** Every view that is drawn, and what it shows. */
  places: Map<HTMLElement, Store>;
}

/** What is sent to the document when there is another view on the page, or one less, or one that shows something else. */
export const PLACES = "nbchat-places";

export function tellPlaces(): void {
  document.dispatchEvent(new Event(PLACES));
}

const SLOT = Symbol.for("nbchat/1");

export function registry(): Registry {
  const slots = globalThis as unknown as Record<symbol, Registry | undefined>;
  slots[SLOT] ??= {
    page: randomId(),
    app: null,
    waiting: new Set(),
    stores: new Set(),
    arrivals: new Map(),
    kit: {},
    loads: new Map(),
    asked: 0,
    shelves: new Map(),
    places: new Map(),
  };
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

/** Import a module from its code, without any address that a host would have to serve. */
export async function importCode(code: string): Promise<Record<string, unknown>> {
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  try {
    return await import(/* @vite-ignore */ url);
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** 16 random hexadecimal digits; works on plain http too, where `crypto.randomUUID` is missing. */
export function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
