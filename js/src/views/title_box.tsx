/** A title in place: a button that becomes a text box, in which Enter saves and Escape leaves it as it was. */
import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

/** Characters. */
const LONGEST = 200;

interface Renaming {
  editing: boolean;
  /** What has the focus again when the box goes. */
  button: RefObject<HTMLButtonElement | null>;
  begin: () => void;
  end: () => void;
}

/** Whether a title is being edited. */
export function useRenaming(): Renaming {
  const [editing, setEditing] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const was = useRef(false);
  useEffect(() => {
    if (was.current && !editing) button.current?.focus();
    was.current = editing;
  }, [editing]);
  return { editing, button, begin: () => setEditing(true), end: () => setEditing(false) };
}

interface TitleBoxProps {
  title: string;
  /** Called with another title than there was, before the end. */
  save: (title: string) => void;
  end: () => void;
}

export function TitleBox({ title, save, end }: TitleBoxProps) {
  const box = useRef<HTMLInputElement>(null);
  const over = useRef(false);
  useLayoutEffect(() => box.current?.select(), []);
  const leave = (text: string) => {
    if (over.current) return; // leaving takes the focus away, which is a way of leaving too
    over.current = true;
    if (text.trim() && text.trim() !== title) save(text.trim());
    end();
  };
  const keys = (event: KeyboardEvent) => {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter") leave(box.current?.value ?? "");
    else if (event.key === "Escape") leave(title);
    else return;
    event.preventDefault();
    event.stopPropagation(); // Escape is for this box, and not for what it lies in
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
