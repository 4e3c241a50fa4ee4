/** What the names in a question stand for: a chip for each, as the kernel describes it. From extras.js. */
import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";
import type { Mentions } from "../attach/mentions.ts";
import type { Store } from "../store.ts";
import type { Mention } from "../wire/calls.ts";
import { formatCount } from "./format.ts";
import { CloseIcon } from "./icons.tsx";

/** Have the kernel asked when the text changes, and when somebody comes back to the box. */
export function useLook(store: Store, mentions: Mentions, box: RefObject<HTMLTextAreaElement | null>, draft: string) {
  useEffect(() => mentions.look(store, draft), [store, mentions, draft]);
  useEffect(() => {
    const area = box.current;
    const again = () => mentions.lookAgain(store);
    area?.addEventListener("focus", again);
    return () => area?.removeEventListener("focus", again);
  }, [store, mentions, box]);
}

export function MentionChip({ mention, remove }: { mention: Mention; remove: () => void }) {
  const { name, kind, size, tokens, note } = mention;
  const facts = [kind, size, `~${formatCount(tokens)} tokens`, note].filter(Boolean).join(" · ");
  return (
    <li class="chip" title={`${name}\n${facts}`}>
      <span class="chip-text">
        <span class="chip-name mentioned">{name}</span>
        <small class={note && "odd"}>{facts}</small>
      </span>
      <button
        type="button"
        class="action"
        aria-label={`Leave ${name} as text`}
        title="Leave it as text"
        onClick={remove}
        onKeyDown={(event) => {
          if (event.key === "Delete" || event.key === "Backspace") remove();
        }}
      >
        <CloseIcon />
      </button>
    </li>
  );
}
