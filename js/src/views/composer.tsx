/**
 * The composer: a box that grows to a limit, Enter sends, Shift+Enter breaks the line, Escape stops. Send becomes Stop while
 * a turn runs; text typed meanwhile can still be sent and waits in the queue.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Store } from "../store.ts";
import { useGrow } from "./grow.ts";
import { SendIcon, StopIcon } from "./icons.tsx";
import { live } from "./live.ts";

export function Composer({ store }: { store: Store }) {
  const box = useRef<HTMLTextAreaElement>(null);
  const [draft, setDraft] = useState(() => (store.memory.get("draft") as string | undefined) ?? "");
  const { stopping, position, status } = live(store);
  const running = !position.ended || status === "submitted" || status === "streaming";
  useKeep(store, draft);
  const restore = useRestore(store, setDraft);
  useGrow(box, draft);
  const send = () => {
    if (!draft.trim()) return;
    store.submit(draft, restore);
    setDraft("");
    box.current?.focus();
  };
  const keys = (event: KeyboardEvent) => {
    if (event.isComposing || event.keyCode === 229) return; // an input method is choosing a word
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      send();
    } else if (event.key === "Escape" && running) {
      event.preventDefault();
      store.stop();
    }
  };
  return (
    <div class="composer">
      <textarea
        ref={box}
        rows={1}
        placeholder={running ? "Ask next (it will wait)" : "Ask something"}
        aria-label="Your question"
        value={draft}
        onInput={(event) => setDraft(event.currentTarget.value)}
        onKeyDown={keys}
      />
      <div class="buttons">
        {running && (
          <button
            type="button"
            class="round stop"
            aria-label="Stop"
            title="Stop (Esc)"
            disabled={stopping !== null && stopping !== "counting"}
            onClick={() => {
              box.current?.focus(); // the button goes when the turn does
              store.stop();
            }}
          >
            <StopIcon />
          </button>
        )}
        {(!running || draft.trim() !== "") && (
          <button
            type="button"
            class="round send"
            aria-label={running ? "Send to the queue" : "Send"}
            title={running ? "Send to the queue (Enter)" : "Send (Enter)"}
            disabled={draft.trim() === ""}
            onClick={send}
          >
            <SendIcon />
          </button>
        )}
      </div>
    </div>
  );
}

/** The draft outlives the view: a moved cell makes a new one. */
function useKeep(store: Store, draft: string): void {
  useEffect(() => {
    store.memory.set("draft", draft);
  }, [store, draft]);
}

/** A refused question comes back into the box where it was typed, before what has been typed since; or into the next view's. */
function useRestore(store: Store, setDraft: (change: (draft: string) => string) => void): (text: string) => void {
  const alive = useRef(true);
  useEffect(() => {
    alive.current = true;
    return () => {
      alive.current = false;
    };
  }, []);
  return (text) => {
    const join = (draft: string | undefined) => (draft?.trim() ? `${text}\n${draft}` : text);
    if (alive.current) setDraft(join);
    else store.memory.set("draft", join(store.memory.get("draft") as string | undefined));
  };
}
