/**
 * A word about what was just done, with the way back where there is one: above the composer, for a while; longer where the pointer
 * or the focus is on it.
 */
import { useEffect } from "preact/hooks";
import type { Store } from "../store.ts";
import { perStore } from "./live.ts";

/** Milliseconds. */
const SHOWN = 10_000;

export interface Word {
  text: string;
  error?: boolean;
  undo?: () => void;
}

const wordOf = perStore<Word | null>(null);
const timers = new WeakMap<Store, ReturnType<typeof setTimeout>>();

/** Say something in every view of the model; null takes it away. */
export function say(store: Store, word: Word | null): void {
  wordOf(store).value = word;
  keep(store, false);
}

function keep(store: Store, held: boolean): void {
  clearTimeout(timers.get(store));
  if (held) return;
  timers.set(
    store,
    setTimeout(() => {
      wordOf(store).value = null;
    }, SHOWN),
  );
}

export function Toast({ store }: { store: Store }) {
  const word = wordOf(store).value;
  useEffect(() => () => keep(store, false), [store]);
  if (!word) return null;
  const hold = () => keep(store, true);
  const leave = () => keep(store, false);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a role that changes; pointer and focus only hold it
    <div
      class={word.error ? "undo trouble" : "undo"}
      role={word.error ? "alert" : "status"}
      onMouseEnter={hold}
      onMouseLeave={leave}
      onFocusIn={hold}
      onFocusOut={leave}
    >
      <span>{word.text}</span>
      {word.undo && (
        <button
          type="button"
          class="quiet"
          onClick={() => {
            word.undo?.();
            say(store, null);
          }}
        >
          Undo
        </button>
      )}
    </div>
  );
}
