/**
 * Places: where a conversation is shown besides here: in other views of this page, and in other pages of this browser.
 *
 * Owns who shows what. Views of a page are in its slot; pages tell each other how many they have (BroadcastChannel), which crosses no
 * network and asks no kernel.
 */
import { PLACES, registry, tellPlaces } from "./registry.ts";
import type { Store } from "./store.ts";

/** Pages are told once things have been still for this long. Milliseconds. */
const SETTLE = 200;

interface Count {
  threads: number;
  cells: number;
}

interface Told {
  page: string;
  /** By conversation; absent in the question who else is there. */
  counts?: Record<string, Count>;
}

const others = new Map<string, Record<string, Count>>();
let channel: BroadcastChannel | undefined;
let said: Record<string, Count> = {};
let timer: ReturnType<typeof setTimeout> | undefined;

/** The other views of this page that show the same conversation, in document order. */
export function placesBeside(host: Element, { state }: Store): HTMLElement[] {
  if (!state.conversation) return [];
  const same = [...registry().places].filter(
    ([other, store]) => other !== host && store.state.conversation === state.conversation,
  );
  const found = same.map(([other]) => other);
  return found.sort((a, b) => (a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1));
}

/** How many views of it other pages have. */
export function countElsewhere({ state }: Store): Count {
  const found = [...others.values()].flatMap((counts) => counts[state.conversation] ?? []);
  return {
    threads: found.reduce((sum, { threads }) => sum + threads, 0),
    cells: found.reduce((sum, { cells }) => sum + cells, 0),
  };
}

/** Call `listener` when any of that may have changed; returns how to stop that. */
export function onPlaces(listener: () => void): () => void {
  listen();
  document.addEventListener(PLACES, listener);
  return () => document.removeEventListener(PLACES, listener);
}

function tell(): void {
  clearTimeout(timer);
  timer = setTimeout(() => {
    const counts = own();
    if (JSON.stringify(counts) === JSON.stringify(said)) return;
    said = counts;
    channel?.postMessage({ page: registry().page, counts } satisfies Told);
  }, SETTLE);
}

function own(): Record<string, Count> {
  const counts: Record<string, Count> = {};
  for (const { state } of registry().places.values()) {
    if (!state.conversation) continue;
    counts[state.conversation] ??= { threads: 0, cells: 0 };
    const count = counts[state.conversation] as Count;
    if (state.kind === "turn") count.cells += 1;
    else count.threads += 1;
  }
  return counts;
}

/** Begin to tell other pages, and to hear them; once. */
function listen(): void {
  if (channel || typeof BroadcastChannel === "undefined") return;
  const { page } = registry();
  channel = new BroadcastChannel(PLACES);
  channel.onmessage = ({ data }: MessageEvent<Told>) => {
    if (data.page === page) return;
    if (data.counts) {
      others.set(data.page, data.counts);
      tellPlaces();
    } else {
      said = {}; // who asks knows nothing
      tell();
    }
  };
  document.addEventListener(PLACES, tell);
  channel.postMessage({ page } satisfies Told);
  tell();
  addEventListener("pagehide", () => channel?.postMessage({ page, counts: {} } satisfies Told));
}
