/** What was deleted just now can be taken back, for a while; longer where the pointer or the focus is on it. */
import type { Store } from "../store.ts";
import { keepFocus } from "./focus.ts";
import { live } from "./live.ts";

export function UndoBar({ store }: { store: Store }) {
  const { deleted } = live(store);
  if (!deleted) return null;
  const hold = () => store.offerUndo(true);
  const leave = () => store.offerUndo(false);
  return (
    <div class="undo" role="status" onMouseEnter={hold} onMouseLeave={leave} onFocusIn={hold} onFocusOut={leave}>
      {deleted.length > 1 ? `${deleted.length} messages deleted.` : "Message deleted."}
      <button
        type="button"
        class="quiet"
        onClick={(event) => {
          keepFocus(event.currentTarget);
          store.restore();
        }}
      >
        Undo
      </button>
    </div>
  );
}
