/**
 * A store's state as signals, one for each field, so that a component is drawn again when what it reads has changed: thirty times a
 * second there is more text, and all else is as it was.
 */
import { batch, type Signal, signal } from "@preact/signals";
import type { Store } from "../store.ts";
import type { ViewState } from "../view_state.ts";

const states = new WeakMap<Store, ViewState>();

/** Return the current state: the component that is being drawn is subscribed to the fields that it reads of it. */
export function live(store: Store): ViewState {
  let state = states.get(store);
  if (!state) {
    state = follow(store);
    states.set(store, state);
  }
  return state;
}

function follow(store: Store): ViewState {
  const fields = Object.entries(store.state).map(([name, value]) => [name, signal(value)] as const);
  const update = () => {
    const state = store.state as unknown as Record<string, unknown>;
    for (const [name, field] of fields) field.value = state[name];
  };
  store.subscribe(() => batch(update));
  const state = {};
  for (const [name, field] of fields) Object.defineProperty(state, name, { get: () => field.value });
  return state as ViewState;
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
