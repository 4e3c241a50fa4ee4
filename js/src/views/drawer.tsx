/**
 * The drawer of conversations: find one by its title or its text, show it here, begin, rename and take away. Over the thread, or
 * beside it where there is room. Opened on demand.
 */
import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { call, errorOf } from "../calls.ts";
import type { Store } from "../store.ts";
import type { ConversationInfo } from "../wire/calls.ts";
import type { ErrorInfo } from "../wire/messages.ts";
import { Conversation } from "./drawer_row.tsx";
import { CloseIcon, Icon } from "./icons.tsx";
import { live } from "./live.ts";
import { Trouble } from "./model_menu.tsx";
import { begin, focusComposer, told } from "./more_menu.tsx";
import { movedBy } from "./popup.tsx";
import { say } from "./toast.tsx";

/** Between a key and the question to the kernel. Milliseconds. */
const TYPING = 150;
/** What runs is looked at again so often. Milliseconds. */
const AGAIN = 3_000;
/** From this width of the view on it stands beside the thread (styles/drawer.css). Pixels. */
const BESIDE = 900;

interface List {
  rows: readonly ConversationInfo[];
  more: boolean;
  query: string;
}

export function Drawer({ store, close }: { store: Store; close: () => void }) {
  const [query, setQuery] = useState("");
  const [archived, setArchived] = useState(false);
  const { list, failed, again } = useConversations(store, query, archived);
  const root = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const [active, setActive] = useState(0);
  const { conversation: shown } = live(store);
  useEffect(() => input.current?.focus(), []);
  const rows = list?.rows ?? [];
  const deed = useDeeds(store, again, root, close);
  const keys = (event: KeyboardEvent) => {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Escape") close();
    else if (event.key !== "Tab" || !wrapTab(root.current as HTMLElement, event)) return;
    event.preventDefault();
  };
  const typed = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown" && rows.length > 0) focusRow(root, 0);
    else if (event.key === "Enter" && !event.isComposing && query && list?.query === query && rows[0])
      deed.open(rows[0]);
    else return;
    event.preventDefault();
  };
  return (
    <div class="drawer" ref={root} role="dialog" aria-label="Conversations" onKeyDown={keys}>
      <div class="drawer-head">
        <h2>{archived ? "Archive" : "Conversations"}</h2>
        <button
          type="button"
          class="action"
          aria-label="New conversation"
          title="New conversation"
          onClick={() => void begin(store, root.current)}
        >
          <Icon path="M8 3v10M3 8h10" />
        </button>
        <button type="button" class="action" aria-label="Close" title="Close (Esc)" onClick={close}>
          <CloseIcon />
        </button>
      </div>
      <input
        ref={input}
        type="search"
        class="drawer-search"
        placeholder="Search titles and messages"
        aria-label="Search conversations"
        value={query}
        onInput={(event) => {
          setQuery(event.currentTarget.value);
          setActive(0);
        }}
        onKeyDown={typed}
      />
      {failed && <Trouble error={failed} />}
      <ul class="conversations">
        {rows.map((row, at) => (
          <Conversation
            key={row.id}
            row={row}
            shown={row.id === shown}
            reachable={at === Math.min(active, rows.length - 1)}
            deed={deed}
            keys={(event) => {
              const moved = event.key === "ArrowUp" && at === 0 ? -1 : movedBy(event, at, rows.length);
              if (moved === null) return typeOn(event, input.current);
              if (moved < 0) input.current?.focus();
              else focusRow(root, moved);
              return true;
            }}
            reached={() => setActive(at)}
          />
        ))}
      </ul>
      <p class="menu-note" role="status">
        {found(list, query, archived)}
      </p>
      <button
        type="button"
        class="quiet drawer-foot"
        onClick={() => {
          setArchived(!archived);
          setQuery("");
          input.current?.focus();
        }}
      >
        {archived ? "Back to conversations" : "Archive"}
      </button>
    </div>
  );
}

function found(list: List | null, query: string, archived: boolean): string {
  if (!list || list.query !== query) return "Looking…";
  const count = list.rows.length;
  if (count === 0) return query ? "Nothing found." : archived ? "The archive is empty." : "No conversations yet.";
  if (list.more) return `The ${count} used last; type to find others.`;
  return `${count} conversation${count === 1 ? "" : "s"}.`;
}

/** The conversations, asked for again after what changes them, and while something runs. */
function useConversations(store: Store, query: string, archived: boolean) {
  const [list, setList] = useState<List | null>(null);
  const [failed, setFailed] = useState<ErrorInfo | null>(null);
  const [turn, setTurn] = useState(0);
  const { status, title, conversation } = live(store);
  const running = list?.rows.some((row) => row.running) ?? false;
  useEffect(() => {
    let wanted = true;
    const ask = async () => {
      try {
        const { conversations: rows, more } = await call(store, "conversations", { query, archived });
        if (!wanted) return;
        setList({ rows, more, query });
        setFailed(null);
      } catch (error) {
        if (wanted) setFailed(errorOf(error));
      }
    };
    const timer = setTimeout(ask, query && query !== list?.query ? TYPING : 0);
    const later = running ? setInterval(ask, AGAIN) : undefined;
    return () => {
      wanted = false;
      clearTimeout(timer);
      clearInterval(later);
    };
  }, [store, query, archived, turn, status, title, conversation, running]);
  return { list, failed, again: () => setTurn((before) => before + 1) };
}

export interface Deeds {
  open: (row: ConversationInfo) => void;
  rename: (row: ConversationInfo, title: string) => void;
  archive: (row: ConversationInfo) => void;
  bringBack: (row: ConversationInfo) => void;
  erase: (row: ConversationInfo) => void;
}

function useDeeds(store: Store, again: () => void, root: RefObject<HTMLElement | null>, close: () => void): Deeds {
  const attempt = async <T,>(deed: Promise<T>, then?: (value: T) => unknown) => {
    try {
      then?.(await deed);
    } catch (error) {
      say(store, { text: told(error), error: true });
    }
    again();
  };
  const place = (row: ConversationInfo, archived: boolean) =>
    call(store, "archive", { conversation: row.id, archived });
  const open = (row: ConversationInfo) => call(store, "open", { conversation: row.id });
  return {
    open: (row) =>
      void attempt(open(row), ({ shown }) => {
        const around = root.current?.getRootNode() as ShadowRoot;
        if (!isBeside(root.current)) close();
        focusComposer(store, around, shown);
      }),
    rename: (row, title) => void attempt(call(store, "rename", { conversation: row.id, title })),
    archive: (row) => {
      const { conversation } = store.state;
      const undo = () => void attempt(place(row, false), () => conversation === row.id && void attempt(open(row)));
      void attempt(place(row, true), () => {
        say(store, { text: `“${row.title}” is in the archive.`, undo });
        focusSearch(root);
      });
    },
    bringBack: (row) => void attempt(place(row, false), () => focusSearch(root)),
    erase: (row) => void attempt(call(store, "erase", { conversation: row.id }), () => focusSearch(root)),
  };
}

/** The row that had the focus is gone. */
function focusSearch(root: RefObject<HTMLElement | null>): void {
  root.current?.querySelector<HTMLElement>(".drawer-search")?.focus();
}

function focusRow(root: RefObject<HTMLElement | null>, at: number): void {
  const row = root.current?.querySelectorAll<HTMLElement>(".conversation-open")[at];
  row?.focus();
  row?.scrollIntoView({ block: "nearest" });
}

/** Letters that are typed on a row go on in the search. */
function typeOn(event: KeyboardEvent, input: HTMLInputElement | null): boolean {
  if (event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey) input?.focus();
  return false; // the letter itself arrives where the focus is now
}

function isBeside(root: HTMLElement | null): boolean {
  return (root?.closest<HTMLElement>(".nbchat")?.clientWidth ?? 0) >= BESIDE;
}

/** What lies over the thread keeps the focus: Tab goes round in it. */
function wrapTab(root: HTMLElement, event: KeyboardEvent): boolean {
  if (isBeside(root)) return false;
  const stops = [...root.querySelectorAll<HTMLElement>("button, input")].filter((stop) => stop.tabIndex >= 0);
  const focused = (root.getRootNode() as ShadowRoot).activeElement;
  const [end, next] = event.shiftKey ? [stops[0], stops.at(-1)] : [stops.at(-1), stops[0]];
  if (focused !== end) return false;
  next?.focus();
  return true;
}
