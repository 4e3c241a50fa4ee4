/** A folded section that remembers, beyond the life of its view, whether it was opened. */
import { useState } from "preact/hooks";
import type { Store } from "../store.ts";

interface FoldProps {
  title: preact.ComponentChildren;
  /** Under this name it is remembered. */
  fold: string;
  store: Store;
  /** More classes. */
  look?: string;
  /** A function is called while the section is open, for what costs something to draw. */
  children: preact.ComponentChildren | (() => preact.ComponentChildren);
}

export function Fold({ title, fold, store, look = "", children }: FoldProps) {
  const [open, setOpen] = useState(store.memory.get(fold) === true);
  const toggled = (event: Event) => {
    const now = (event.currentTarget as HTMLDetailsElement).open;
    store.memory.set(fold, now);
    setOpen(now);
  };
  return (
    <details class={`aside ${look}`} open={open} onToggle={toggled}>
      <summary>{title}</summary>
      {typeof children === "function" ? open && children() : children}
    </details>
  );
}
