/** Which turns' views have unfolded into the thread around them. */
import { type Signal, signal } from "@preact/signals";
import type { Store } from "../store.ts";

const inners = new WeakMap<Store, Signal<Store | null>>();

/** The store of the thread that a turn's view has unfolded into, while it has. */
export function innerOf(outer: Store): Signal<Store | null> {
  const known = inners.get(outer) ?? signal(null);
  inners.set(outer, known);
  return known;
}
