/** A conversation in the drawer: what it is about and when it was used last; shown by a click, renamed in place, taken away. */
import { useState } from "preact/hooks";
import type { ConversationInfo } from "../wire/calls.ts";
import type { Deeds } from "./drawer.tsx";
import { messageCount } from "./format.ts";
import { AgainIcon, BinIcon, EditIcon, Icon, LockIcon } from "./icons.tsx";
import { TitleBox, useRenaming } from "./title_box.tsx";

interface RowProps {
  row: ConversationInfo;
  /** Whether the view shows it. */
  shown: boolean;
  /** Whether Tab stops here: at one row of all. */
  reachable: boolean;
  deed: Deeds;
  /** Keys that lead elsewhere; returns whether it was one. */
  keys: (event: KeyboardEvent) => boolean;
  reached: () => void;
}

export function Conversation({ row, shown, reachable, deed, keys, reached }: RowProps) {
  const { editing, button, begin, end } = useRenaming();
  const able = !row.private;
  const pressed = (event: KeyboardEvent) => {
    if (event.key === "F2" && !row.archived) begin();
    else if (event.key === "Delete" && able && !row.archived) deed.archive(row);
    else if (!keys(event)) return;
    event.preventDefault();
  };
  if (editing)
    return (
      <li class="conversation">
        <TitleBox title={row.title} save={(title) => deed.rename(row, title)} end={end} />
      </li>
    );
  const stop = reachable ? 0 : -1;
  return (
    <li class={shown ? "conversation shown" : "conversation"} onFocusIn={reached}>
      <button
        type="button"
        class="conversation-open"
        ref={button}
        tabIndex={stop}
        aria-current={shown ? "true" : undefined}
        title={row.title}
        onKeyDown={pressed}
        onClick={() => deed.open(row)}
      >
        <span class="conversation-title">
          {row.private && <LockIcon />}
          <span>{row.title}</span>
        </span>
        <small>{facts(row)}</small>
        {row.snippet && <small class="snippet">{row.snippet}</small>}
      </button>
      <span class="conversation-actions">
        {!row.archived && (
          <button
            type="button"
            class="action"
            tabIndex={stop}
            aria-label={`Rename ${row.title}`}
            title="Rename (F2)"
            onClick={begin}
          >
            <EditIcon />
          </button>
        )}
        {able && !row.archived && (
          <button
            type="button"
            class="action"
            tabIndex={stop}
            aria-label={`Delete ${row.title}`}
            title="Delete: into the archive, from where it can be brought back (Del)"
            onClick={() => deed.archive(row)}
          >
            <Icon path="M2.5 3h11v3h-11zM3.5 6v7h9V6M6.5 8.5h3" />
          </button>
        )}
        {row.archived && <Archived row={row} deed={deed} stop={stop} />}
      </span>
    </li>
  );
}

function facts(row: ConversationInfo) {
  const cost = row.cost && row.cost !== "–" ? row.cost : "";
  const count = row.messages === undefined ? "" : messageCount(row.messages);
  return (
    <>
      {row.running && <span class="running">answering</span>}
      {[agoOf(row.updated, Date.now() / 1000), count, cost].filter(Boolean).join(" · ")}
    </>
  );
}

function Archived({ row, deed, stop }: { row: ConversationInfo; deed: Deeds; stop: number }) {
  const [sure, setSure] = useState(false);
  return (
    <>
      <button
        type="button"
        class="action"
        tabIndex={stop}
        aria-label={`Bring ${row.title} back`}
        title="Bring it back"
        onClick={() => deed.bringBack(row)}
      >
        <AgainIcon />
      </button>
      <button
        type="button"
        class={sure ? "small plain danger" : "action"}
        tabIndex={stop}
        aria-label={sure ? undefined : `Delete ${row.title} for good`}
        title="Delete for good: it cannot be brought back"
        onBlur={() => setSure(false)}
        onClick={() => (sure ? deed.erase(row) : setSure(true))}
      >
        {sure ? "Delete for good" : <BinIcon />}
      </button>
    </>
  );
}

const AGES: [unit: string, seconds: number][] = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** "just now", "5 minutes ago": how long before `now` that was, both in seconds since the epoch. */
export function agoOf(then: number, now: number): string {
  const passed = now - then;
  const [unit, seconds] = AGES.find(([, least]) => passed >= least) ?? [];
  if (!unit || !seconds) return "just now";
  const count = Math.floor(passed / seconds);
  return `${count} ${unit}${count === 1 ? "" : "s"} ago`;
}
