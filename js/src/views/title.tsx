/** The conversation's title: a click or Enter makes it a text box; Enter saves, Escape leaves it as it was. */
import { useEffect, useRef, useState } from "preact/hooks";
import { rename } from "../asks.ts";
import type { Store } from "../store.ts";
import { live } from "./live.ts";

const LONGEST = 200;

export function Title({ store }: { store: Store }) {
  const { title } = live(store);
  const [editing, setEditing] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const was = useRef(false);
  useEffect(() => {
    if (was.current && !editing) button.current?.focus();
    was.current = editing;
  }, [editing]);
  if (editing) return <TitleBox store={store} title={title} end={() => setEditing(false)} />;
  return (
    <h2>
      <button
        type="button"
        class="title-button"
        ref={button}
        title={title ? `${title}\nClick to rename` : "Click to name this conversation"}
        onClick={() => setEditing(true)}
      >
        {title || "Chat"}
      </button>
    </h2>
  );
}

function TitleBox({ store, title, end }: { store: Store; title: string; end: () => void }) {
  const box = useRef<HTMLInputElement>(null);
  const over = useRef(false);
  const [conversation] = useState(store.state.conversation);
  useEffect(() => box.current?.select(), []);
  const leave = (text: string) => {
    if (over.current) return; // leaving takes the focus away, which is a way of leaving too
    over.current = true;
    const mine = store.state.conversation === conversation; // another one that is shown now has a title of its own
    if (mine && text.trim() && text.trim() !== title) rename(store, text.trim());
    end();
  };
  const keys = (event: KeyboardEvent) => {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter") leave(box.current?.value ?? "");
    else if (event.key === "Escape") leave(title);
    else return;
    event.preventDefault();
  };
  return (
    <input
      class="title-box"
      ref={box}
      type="text"
      aria-label="Title of this conversation"
      maxLength={LONGEST}
      defaultValue={title}
      onKeyDown={keys}
      onBlur={(event) => leave(event.currentTarget.value)}
    />
  );
}
