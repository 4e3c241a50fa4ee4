/** The way to what is attached to a question that is not sent yet: its list, and the reading of files, come with extras.js. */
import { type Signal, signal } from "@preact/signals";
import { loadAsset } from "../assets.ts";
import type { Store } from "../store.ts";
import type { DraftFiles } from "./draft_files.ts";

/** Its name in a store's memory. */
export const FILES = "draft files";
/** Counts up when a list is made, or cannot be: whoever shows one looks again. */
export const filesMade: Signal<number> = signal(0);
/** Stores for which nobody sent extras.js when files were to be attached. */
const failed = new WeakSet<Store>();

/** What is attached in a store's views, if anything was, or null where it could not be; what draws it is drawn again with it. */
export function draftFiles(store: Store): DraftFiles | null | undefined {
  void filesMade.value;
  return (store.memory.get(FILES) as DraftFiles | undefined) ?? (failed.has(store) ? null : undefined);
}

/** Call `use` with the list of the conversation that is shown now, as soon as that is there. */
export async function withFiles(store: Store, use: (files: DraftFiles) => void): Promise<void> {
  const { memory } = store; // another conversation may be shown by then
  try {
    use((await loadAsset("extras")).filesOf(memory));
    failed.delete(store);
  } catch {
    failed.add(store);
    filesMade.value++;
  }
}

/** Attach files, in their order. */
export function attach(store: Store, given: Iterable<File>): void {
  const files = [...given]; // an event's list is empty later
  if (files.length > 0) void withFiles(store, (list) => void list.add(files));
}
