/** Editing in place: a text box where the text stood. Escape leaves it, Ctrl or Cmd and Enter saves; a moved view keeps it. */
import { useState } from "preact/hooks";
import type { Store } from "../store.ts";
import { lazy } from "./lazy.tsx";

/** Whether something is being edited, kept under a name in the store's memory together with its draft. */
export interface Editing {
  open: boolean;
  name: string;
  /** Begin, with this text. */
  begin: (text: string) => void;
  end: () => void;
}

export function useEditing(store: Store, name: string): Editing {
  const [open, setOpen] = useState(store.memory.has(name));
  const begin = (text: string) => {
    store.memory.set(name, text);
    setOpen(true);
  };
  const end = () => {
    store.memory.delete(name);
    setOpen(false);
  };
  return { open, name, begin, end };
}

export const Editor = lazy((extras) => extras.Editor);
