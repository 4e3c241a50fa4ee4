/** Editing in place: a text box where the text stood. Escape leaves it, Ctrl or Cmd and Enter saves; a moved view keeps it. */
import { useState } from "preact/hooks";
import type { Store } from "../store.ts";
import { lazy } from "./lazy.tsx";

/** Whether something is being edited, kept under a name in the store's memory together with its draft. */
export interface Editing {
  open: boolean;
  name: string;
  /** What was attached and is to be left out, by its place among the message's parts. */
  without: readonly number[];
  leaveOut: (part: number) => void;
  /** Begin, with this text and without these parts. */
  begin: (text: string, without?: readonly number[]) => void;
  end: () => void;
}

export function useEditing(store: Store, name: string): Editing {
  const { memory } = store;
  const parts = `${name} without`;
  const [open, setOpen] = useState(memory.has(name));
  const [without, setWithout] = useState(() => (memory.get(parts) as readonly number[] | undefined) ?? []);
  const leave = (left: readonly number[]) => {
    memory.set(parts, left);
    setWithout(left);
  };
  const begin = (text: string, left: readonly number[] = []) => {
    memory.set(name, text);
    leave(left);
    setOpen(true);
  };
  const end = () => {
    memory.delete(name);
    memory.delete(parts);
    setOpen(false);
  };
  return { open, name, without, leaveOut: (part) => leave([...without, part]), begin, end };
}

export const Editor = lazy((extras) => extras.Editor);
