/** The text box in which something is edited in place. Opened on demand. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Store } from "../store.ts";
import type { Editing } from "./edit.tsx";
import { keepFocus, returnFocus } from "./focus.ts";
import { useGrow } from "./grow.ts";

interface EditorProps {
  store: Store;
  editing: Editing;
  /** What is edited, for a screen reader. */
  label: string;
  /** What the button says that ends it well. */
  action: string;
  save: (text: string) => void;
}

export function Editor({ store, editing, label, action, save }: EditorProps) {
  const box = useRef<HTMLTextAreaElement>(null);
  const [draft, setDraft] = useState(() => (store.memory.get(editing.name) as string | undefined) ?? "");
  useGrow(box, draft);
  useEffect(() => {
    const area = box.current;
    area?.focus();
    area?.setSelectionRange(area.value.length, area.value.length);
  }, []);
  const form = () => box.current?.form ?? null;
  const cancel = () => {
    returnFocus(form(), form()?.closest(".message"), "[aria-label^='Edit']");
    editing.end();
  };
  const done = () => {
    if (!draft.trim()) return;
    keepFocus(form()); // the message itself may be replaced by another
    editing.end();
    save(draft);
  };
  const keys = (event: KeyboardEvent) => {
    if (event.isComposing || event.keyCode === 229) return; // an input method is choosing a word
    if (event.key === "Escape") cancel();
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) done();
    else return;
    event.preventDefault();
  };
  return (
    <form
      class="editor"
      onSubmit={(event) => {
        event.preventDefault();
        done();
      }}
    >
      <textarea
        ref={box}
        rows={1}
        aria-label={label}
        value={draft}
        onInput={(event) => {
          setDraft(event.currentTarget.value);
          store.memory.set(editing.name, event.currentTarget.value);
        }}
        onKeyDown={keys}
      />
      <div class="editor-buttons">
        <button type="button" class="small plain" title="Cancel (Esc)" onClick={cancel}>
          Cancel
        </button>
        <button type="submit" class="small main" title={`${action} (Ctrl+Enter)`} disabled={!draft.trim()}>
          {action}
        </button>
      </div>
    </form>
  );
}
