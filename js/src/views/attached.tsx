/**
 * What a question was sent with: pictures as thumbnails, files as chips; both open larger. Their content may have been left out
 * of the message; it is asked for when somebody looks. From extras.js; without that there are the names (`names`).
 */
import { useEffect, useRef, useState } from "preact/hooks";
import { imageSource } from "../markdown/urls.ts";
import type { Store } from "../store.ts";
import type { FilePart, ImagePart } from "../wire/messages.ts";
import { shortCount } from "./format.ts";
import { CloseIcon, FileIcon } from "./icons.tsx";
import { live } from "./live.ts";
import type { AttachedProps } from "./names.tsx";
import { Viewer } from "./viewer.tsx";

/** Asked again so often, this far apart: an answer may get lost. Milliseconds. */
const TRIES = 4;
const AGAIN = 4_000;
/** The largest side of a thumbnail, in pixels of the page. */
const THUMB = 220;

export function Attached({ message, store, editing }: AttachedProps) {
  const { open, without, leaveOut } = editing;
  return (
    <div class="attachments">
      {message.parts.map(
        (part, at) =>
          (part.type === "image" || part.type === "file") &&
          !(open && without.includes(at)) && (
            <span class="attachment" key={at}>
              <Item message={message.id} part={part} at={at} store={store} />
              {open && <LeaveOut name={nameOf(part)} does={() => leaveOut(at)} />}
            </span>
          ),
      )}
    </div>
  );
}

function LeaveOut({ name, does }: { name: string; does: () => void }) {
  const leave = (button: HTMLElement) => {
    const question = button.closest(".message");
    const all = [...(question?.querySelectorAll<HTMLElement>(".leave-out") ?? [])];
    const at = all.indexOf(button);
    (all[at + 1] ?? all[at - 1] ?? question?.querySelector("textarea"))?.focus(); // the one that has it goes
    does();
  };
  return (
    <button
      type="button"
      class="action leave-out"
      aria-label={`Leave out ${name}`}
      title="Ask without it"
      onClick={(event) => leave(event.currentTarget)}
    >
      <CloseIcon />
    </button>
  );
}

function nameOf(part: ImagePart | FilePart): string {
  return part.type === "file" ? part.name : part.alt || "picture";
}

interface ItemProps {
  message: string;
  part: ImagePart | FilePart;
  at: number;
  store: Store;
}

function Item({ message, part, at, store }: ItemProps) {
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const whole = (live(store).parts.get(`${message} ${at}`) as typeof part | undefined) ?? part;
  const missing = Boolean(whole.left);
  useAsking(store, message, at, missing, part.type === "image" || open, button);
  const name = nameOf(part);
  const source = whole.type === "image" && !missing ? imageSource(whole.url) : null;
  const inline = source && "inline" in source ? source.inline : null;
  if (part.type === "image" && !missing && !inline)
    return <span class="file">{source && "host" in source ? `${name} (${source.host})` : name}</span>;
  return (
    <>
      <button
        type="button"
        ref={button}
        class={part.type === "image" ? "thumb" : "file"}
        aria-label={part.type === "image" ? `Open ${name}` : undefined}
        title={name}
        aria-haspopup="dialog"
        style={part.type === "image" ? placeOf(part) : undefined}
        onClick={() => setOpen(true)}
      >
        {part.type === "file" ? (
          <>
            <FileIcon />
            <span class="hidden">Open </span>
            <span class="file-name">{name}</span>
            <small> {shortCount(part.left ?? part.text.length)} characters</small>
          </>
        ) : inline ? (
          <img src={inline} alt={name} />
        ) : (
          <small>{name}</small>
        )}
      </button>
      {open && <Viewer name={name} part={missing ? null : whole} close={() => setOpen(false)} />}
    </>
  );
}

/** The room of a picture before it is there, so that nothing moves when it comes. */
function placeOf({ width, height }: ImagePart) {
  if (!width || !height) return undefined;
  const scale = Math.min(1, THUMB / Math.max(width, height));
  return { width: `${Math.max(28, Math.round(width * scale))}px`, aspectRatio: `${width} / ${height}` };
}

/** Ask for a part's content while it is missing and wanted: once it can be seen, and again where no answer comes. */
function useAsking(
  store: Store,
  message: string,
  at: number,
  missing: boolean,
  wanted: boolean,
  node: { current: HTMLElement | null },
): void {
  useEffect(() => {
    if (!missing || !wanted || !node.current) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = (tries: number) => {
      store.send({ op: "part", message, part: at });
      if (tries > 1) timer = setTimeout(ask, AGAIN, tries - 1);
    };
    const observer = new IntersectionObserver((seen) => {
      if (!seen.some((each) => each.isIntersecting)) return;
      observer.disconnect();
      ask(TRIES);
    });
    observer.observe(node.current);
    return () => {
      observer.disconnect();
      clearTimeout(timer);
    };
  }, [store, message, at, missing, wanted, node]);
}
