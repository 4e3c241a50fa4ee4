/** A picture or a file of a question, as large as the window: a dialog of the browser's own, which Escape closes. From extras.js. */
import { useLayoutEffect, useRef } from "preact/hooks";
import { imageSource } from "../markdown/urls.ts";
import type { Part } from "../wire/messages.ts";
import { CopyAction } from "./actions.tsx";
import { CloseIcon } from "./icons.tsx";

interface ViewerProps {
  name: string;
  /** Null while its content is on the way. */
  part: Part | null;
  close: () => void;
}

export function Viewer({ name, part, close }: ViewerProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close(); // the focus goes back to what opened it
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: by keyboard it is closed with Escape, which the browser does itself
    <dialog
      class="viewer"
      ref={dialog}
      aria-label={name}
      onClose={close}
      onClick={(event) => {
        if (event.target === dialog.current) close(); // beside what it shows
      }}
    >
      <header>
        <strong>{name}</strong>
        {part?.type === "file" && <CopyAction text={part.text} what="file" />}
        <button type="button" class="action" aria-label="Close" title="Close (Esc)" onClick={close}>
          <CloseIcon />
        </button>
      </header>
      <Shown part={part} name={name} />
    </dialog>
  );
}

function Shown({ part, name }: { part: Part | null; name: string }) {
  if (part?.type === "image") {
    const source = imageSource(part.url);
    return source && "inline" in source ? <img src={source.inline} alt={name} /> : null;
  }
  return part?.type === "file" ? (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard (WCAG 2.1.1)
    <pre tabIndex={0}>{part.text}</pre>
  ) : (
    <p class="state">Loading…</p>
  );
}
