/** The full chat window: header, messages, notices, composer. */
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { Store } from "../store.ts";
import { Composer } from "./composer.tsx";
import { Header } from "./header.tsx";
import { DownIcon } from "./icons.tsx";
import { live } from "./live.ts";
import { Answer, Question } from "./message.tsx";
import { Notices } from "./notices.tsx";
import { Queue } from "./queue.tsx";
import { Follow } from "./scroll.ts";
import { Announcer, StopLine } from "./status.tsx";

export function Thread({ store }: { store: Store }) {
  const follow = useMemo(() => new Follow((store.memory.get("scroll") as number | null | undefined) ?? null), [store]);
  useEffect(() => () => void store.memory.set("scroll", follow.place), [store, follow]);
  return (
    <section class="thread" aria-label={`Chat ${live(store).title}`.trim()}>
      <Header store={store} />
      <Log store={store} follow={follow} />
      {!follow.pinned.value && (
        <div class="pill-place">
          <button type="button" class="pill" onClick={follow.jump}>
            <DownIcon />
            Jump to latest
          </button>
        </div>
      )}
      <Notices store={store} />
      <StopLine store={store} />
      <Composer store={store} />
      <Announcer store={store} />
    </section>
  );
}

function Log({ store, follow }: { store: Store; follow: Follow }) {
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const { messages, more, paging, phase, queue, pending } = live(store);
  useLayoutEffect(() => follow.attach(scroller.current as HTMLElement, content.current as HTMLElement), [follow]);
  usePlaceKept(follow, scroller, messages[0]?.id);
  const empty = messages.length === 0 && queue.length === 0 && pending.length === 0;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard (WCAG 2.1.1)
    <div class="log" ref={scroller} role="log" aria-live="off" aria-label="Messages" tabIndex={0}>
      <div class="log-content" ref={content}>
        {more && (
          <button type="button" class="earlier" disabled={paging} onClick={() => store.older()}>
            {paging ? "Loading…" : "Show earlier messages"}
          </button>
        )}
        {empty && <Empty />}
        {messages.map((message, at) =>
          message.role === "user" ? (
            <Question key={message.id} message={message} />
          ) : (
            <Answer
              key={message.id}
              message={message}
              phase={at === messages.length - 1 ? phase : null}
              store={store}
            />
          ),
        )}
        <Queue queue={queue} pending={pending} store={store} />
      </div>
    </div>
  );
}

function Empty() {
  return (
    <div class="empty">
      <p>Nothing asked yet.</p>
      <p>
        Type below, or run <code>%chat</code> and a question in a cell.
      </p>
    </div>
  );
}

/** Older messages were put in front: what the reader looks at stays where it is. */
function usePlaceKept(follow: Follow, scroller: { current: HTMLElement | null }, first: string | undefined): void {
  const before = useRef({ first, height: 0 });
  useLayoutEffect(() => {
    const height = scroller.current?.scrollHeight ?? 0;
    if (before.current.first !== first && before.current.first !== undefined) follow.keepPlace(before.current.height);
    before.current = { first, height };
  });
}
