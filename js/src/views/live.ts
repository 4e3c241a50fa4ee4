/** A store's state as a signal, so that a component that reads it is drawn again when it changes. */
import { type Signal, signal } from "@preact/signals";
import type { Store, ViewState } from "../store.ts";

const signals = new WeakMap<Store, Signal<ViewState>>();

/** Return the current state and subscribe the component that is being drawn. */
export function live(store: Store): ViewState {
  let state = signals.get(store);
  if (!state) {
    const fresh = signal(store.state);
    store.subscribe(() => {
      fresh.value = store.state;
    });
    signals.set(store, fresh);
    state = fresh;
  }
  return state.value;
}

/** Return what gives each store a signal of its own, of something that its views have in common. */
export function perStore<T>(initial: T): (store: Store) => Signal<T> {
  const held = new WeakMap<Store, Signal<T>>();
  return (store) => {
    const found = held.get(store) ?? signal(initial);
    held.set(store, found);
    return found;
  };
}
