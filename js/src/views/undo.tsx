/** What was deleted just now can be taken back, for a while; longer where the pointer or the focus is on it. */
import { useLayoutEffect, useRef } from "preact/hooks";
import { restore } from "../asks.ts";
import type { Store } from "../store.ts";
import { focusOf, keepFocus } from "./focus.ts";

export function UndoBar({ store, deleted }: { store: Store; deleted: readonly string[] }) {
  const root = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (!focusOf(root.current)?.matches(".log:focus-visible")) return;
    // who deleted by keyboard would have all messages between here and there
    root.current?.querySelector("button")?.focus({ preventScroll: true });
    root.current?.scrollIntoView({ block: "nearest" });
  }, [deleted]);
  const hold = () => store.offerUndo(true);
  const leave = () => store.offerUndo(false);
  return (
    <div
      class="undo"
      role="status"
      ref={root}
      onMouseEnter={hold}
      onMouseLeave={leave}
      onFocusIn={hold}
      onFocusOut={leave}
    >
      {deleted.length > 1 ? `${deleted.length} messages deleted.` : "Message deleted."}
      <button
        type="button"
        class="quiet"
        onClick={(event) => {
          keepFocus(event.currentTarget);
          restore(store, deleted);
        }}
      >
        Undo
      </button>
    </div>
  );
}
