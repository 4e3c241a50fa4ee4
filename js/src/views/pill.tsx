/** Leads back to the end of the conversation, and says whether something new has come there since. */
import { useRef, useState } from "preact/hooks";
import type { Store } from "../store.ts";
import type { Message } from "../wire/messages.ts";
import { keepFocus } from "./focus.ts";
import { DownIcon } from "./icons.tsx";
import { live } from "./live.ts";
import type { Follow } from "./scroll.ts";

export function Pill({ store, follow }: { store: Store; follow: Follow }) {
  const { messages, approvals } = live(store);
  const seen = useRef<Message | undefined>(undefined);
  const pinned = follow.pinned.value;
  if (pinned || !messages.some((message) => message.id === seen.current?.id)) seen.current = messages.at(-1);
  const [focused, setFocused] = useState(false);
  if (pinned && !focused) return null; // what has the focus stays: gone, it would take the way of the Tab key along
  const news = newsSince(messages, seen.current);
  const text = approvals.length > 0 ? "A tool waits for your decision" : LABELS[news];
  return (
    <div class="pill-place">
      <button
        type="button"
        class="pill"
        onFocus={() => setFocused(true)}
        onBlur={() => setFocused(false)}
        onClick={(event) => {
          keepFocus(event.currentTarget);
          follow.jump();
        }}
      >
        {news === "none" ? <DownIcon /> : <span class="unread" aria-hidden="true" />}
        {text}
      </button>
    </div>
  );
}

const LABELS = {
  none: "Jump to latest",
  more: "More has come",
  answer: "New answer",
  answers: "New answers",
} as const;

/** What the reader has not seen of the messages, of which `seen` was the last one when they left the end. */
function newsSince(messages: readonly Message[], seen: Message | undefined): keyof typeof LABELS {
  const at = messages.findIndex((message) => message.id === seen?.id);
  const answers = messages.slice(at + 1).filter((message) => message.role === "assistant").length;
  if (answers > 0) return answers > 1 ? "answers" : "answer";
  return messages[at]?.parts === seen?.parts ? "none" : "more";
}
