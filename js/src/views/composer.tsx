/**
 * The composer: a box that grows to a limit, Enter sends, Shift+Enter breaks the line, Escape stops, the arrow keys bring earlier
 * questions back. Send becomes Stop while a turn runs; text typed meanwhile can still be sent and waits in the queue. Pictures
 * and text files come by the paper clip, by pasting and by dropping them on the thread.
 */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { attach, draftFiles, withFiles } from "../attach/draft.ts";
import type { Store } from "../store.ts";
import { pastedFiles } from "./dropping.tsx";
import { useGrow } from "./grow.ts";
import { ClipIcon, SendIcon, StopIcon } from "./icons.tsx";
import { lazy, loadedExtras } from "./lazy.tsx";
import { live } from "./live.ts";

const Chips = lazy((extras) => extras.Chips);
/** Characters; a pasted text with more may be wanted as a file. */
const LONG_TEXT = 8_000;
type Box = { current: HTMLTextAreaElement | null };

export function Composer({ store }: { store: Store }) {
  const box = useRef<HTMLTextAreaElement>(null);
  const { draft, setDraft, restore } = useDraft(store, box);
  const recall = () => loadedExtras()?.recallOf(store);
  const { ended, status } = live(store);
  const files = draftFiles(store);
  const running = !ended || status === "submitted" || status === "streaming";
  useGrow(box, draft);
  const names = draft.includes("@");
  useEffect(() => {
    if (names) void withFiles(store, () => {}); // what they stand for is shown with the files
  }, [store, names]);
  const hint = (text: string) => {
    if (files) files.said.value = { text, kind: "hint" };
  };
  const send = () => {
    box.current?.focus();
    if (files?.reading) return hint("A file is still being read.");
    if (!draft.trim()) return files?.length ? hint("Write a question to go with it.") : undefined;
    if (files?.holds(store, draft, () => box.current?.value === draft && send())) return;
    const taken = files?.take();
    const back = (text: string) => {
      restore(text);
      if (taken) void withFiles(store, (list) => list.restore(taken));
    };
    store.submit(draft, back, taken?.sent);
    recall()?.sent();
    setDraft("");
  };
  const keys = (event: KeyboardEvent) => {
    if (event.isComposing || event.keyCode === 229) return; // an input method is choosing a word
    if (event.key === "Enter" && !event.shiftKey) {
      if (!event.repeat) send(); // a key that is held down was meant for what had the focus before
    } else if (event.key === "Escape" && running) store.stop();
    else {
      const plain = !(event.shiftKey || event.ctrlKey || event.altKey || event.metaKey);
      const recalled = plain && recall()?.key(event.key, box.current as HTMLTextAreaElement);
      if (typeof recalled !== "string") return;
      setDraft(recalled, true);
    }
    event.preventDefault();
  };
  const attached = files?.length ?? 0;
  return (
    <div class="composer">
      {files !== undefined && <Chips store={store} files={files} box={box} draft={draft} setDraft={setDraft} />}
      <div class="typing">
        <textarea
          ref={box}
          rows={1}
          placeholder={running ? "Ask next (it will wait)" : "Ask something"}
          aria-label="Your question"
          aria-describedby="nbchat-next"
          value={draft}
          onInput={(event) => {
            recall()?.edited();
            setDraft(event.currentTarget.value);
          }}
          onKeyDown={keys}
          onPaste={(event) => {
            const given = pastedFiles(event.clipboardData);
            const text = event.clipboardData?.getData("text/plain") ?? "";
            if (given.length > 0) event.preventDefault();
            else if (text.length > LONG_TEXT) void withFiles(store, (list) => list.offer(text));
            attach(store, given);
          }}
        />
        <div class="buttons">
          <Picker store={store} box={box} />
          {running && <Stop store={store} box={box} />}
          {(!running || draft.trim() !== "") && (
            <button
              type="button"
              class="round send"
              aria-label={running ? "Send to the queue" : "Send"}
              title={running ? "Send to the queue (Enter)" : "Send (Enter)"}
              disabled={draft.trim() === "" && attached === 0}
              onClick={send}
            >
              <SendIcon />
            </button>
          )}
        </div>
      </div>
    </div>
  );
}

function Stop({ store, box }: { store: Store; box: Box }) {
  const { stopping } = live(store);
  return (
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
  );
}

function Picker({ store, box }: { store: Store; box: Box }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button
        type="button"
        class="round attach"
        aria-label="Attach files"
        title="Attach pictures or text files (or paste them, or drop them here)"
        onClick={() => input.current?.click()}
      >
        <ClipIcon />
      </button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        onChange={(event) => {
          attach(store, event.currentTarget.files ?? []);
          event.currentTarget.value = ""; // so that the same file can be chosen again
          box.current?.focus();
        }}
      />
    </>
  );
}

/** What is typed, with the caret. It outlives the view: a cell that was moved or run again makes a new one. */
function useDraft(store: Store, box: Box) {
  const [memory] = useState(store.memory); // of the conversation that this box was made for
  const [draft, setState] = useState(() => (memory.get("draft") as string | undefined) ?? "");
  const alive = useRef(true);
  const caret = useRef<number | null>((memory.get("draft caret") as number | undefined) ?? null);
  const setDraft = (text: string, toEnd = false) => {
    memory.set("draft", text);
    if (toEnd) caret.current = text.length;
    setState(text);
  };
  useLayoutEffect(() => {
    if (caret.current !== null) box.current?.setSelectionRange(caret.current, caret.current);
    caret.current = null;
  }, [box, draft]);
  useLayoutEffect(() => {
    const area = box.current;
    alive.current = true;
    return () => {
      alive.current = false;
      memory.set("draft caret", area?.selectionEnd ?? 0);
    };
  }, [memory, box]);
  /** A refused question comes back into the box where it was typed, before what has been typed since; or into the next view's. */
  const restore = (text: string) => {
    const since = memory.get("draft") as string | undefined;
    const joined = since?.trim() ? `${text}\n${since}` : text;
    if (alive.current) setDraft(joined);
    else memory.set("draft", joined);
  };
  return { draft, setDraft, restore };
}
