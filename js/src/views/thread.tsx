/** The full chat window: header, messages, notices, composer. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { isAsked } from "../outbox.ts";
import type { Store } from "../store.ts";
import type { Approval } from "../wire/traits.ts";
import type { Place } from "./anchor.ts";
import { Hold, useSought } from "./branches.tsx";
import { Composer } from "./composer.tsx";
import { useDropping } from "./dropping.tsx";
import { focusOf, useKeptFocus } from "./focus.ts";
import { Header } from "./header.tsx";
import { Later, useLater } from "./later.ts";
import { later, lazy } from "./lazy.tsx";
import { live } from "./live.ts";
import { Answer, Question } from "./message.tsx";
import { Notices } from "./notices.tsx";
import { NextLine, SentMark } from "./outlook.tsx";
import { Pill } from "./pill.tsx";
import { Queue } from "./queue.tsx";
import { Follow } from "./scroll.ts";
import { Announcer, StopLine } from "./status.tsx";

const Approvals = lazy((extras) => extras.Approvals);
const UndoBar = lazy((extras) => extras.UndoBar);

const Toast = later((extras) => extras.Toast);

/** `at` is where it begins instead of where an earlier view was. */
export function Thread({ store, at }: { store: Store; at?: Place | undefined }) {
  const [memory] = useState(store.memory); // of the conversation that this thread was made for
  const [follow] = useState(() => new Follow(at ?? (memory.get("scroll") as Place | null | undefined) ?? null));
  useLayoutEffect(() => () => memory.set("scroll", follow.place), [memory, follow]);
  const { target, mark } = useDropping(store);
  return (
    <section class="thread" aria-label={`Chat ${live(store).title}`.trim()} {...target}>
      <Header store={store} />
      <Log store={store} follow={follow} />
      <Pill store={store} follow={follow} />
      <Notices store={store} />
      {live(store).deleted && <UndoBar store={store} deleted={live(store).deleted ?? []} />}
      <Toast store={store} />
      <StopLine store={store} />
      <Composer store={store} />
      <NextLine store={store} />
      <Announcer store={store} />
      {mark}
    </section>
  );
}

function Log({ store, follow }: { store: Store; follow: Follow }) {
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const { messages, more, paging, queue, pending, approvals } = live(store);
  useLayoutEffect(() => {
    follow.onTop = () => {
      const { more, paging, lost } = store.state;
      if (more && !paging && !lost) store.older();
      return more && !lost;
    };
    return follow.attach(scroller.current as HTMLElement, content.current as HTMLElement);
  }, [store, follow]);
  const first = messages[0]?.id;
  useLayoutEffect(follow.settle, [first]); // older ones were put in front
  useSentShown(store, follow, scroller);
  useSought(store);
  const empty = messages.length === 0 && queue.length === 0 && pending.length === 0;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard (WCAG 2.1.1)
    <div class="log" ref={scroller} role="log" aria-live="off" aria-label="Messages" tabIndex={0}>
      <div class="log-content" ref={content}>
        {more && <Earlier store={store} paging={paging} />}
        {empty && <Empty />}
        <Hold.Provider value={follow.hold}>
          <Messages store={store} />
        </Hold.Provider>
        {approvals.length > 0 && <Approvals store={store} />}
        <Queue queue={queue} pending={pending} store={store} />
      </div>
    </div>
  );
}

/** Whoever sends a question in this view wants to see it and its answer. */
function useSentShown(store: Store, follow: Follow, log: { current: HTMLElement | null }): void {
  const { pending } = live(store);
  const last = pending.at(-1);
  const sent = last?.ask.op === "send" ? last.client : null;
  useEffect(() => {
    if (sent && focusOf(log.current)?.closest(".composer")) follow.jump();
  }, [follow, log, sent]);
}

function Earlier({ store, paging }: { store: Store; paging: boolean }) {
  const button = useRef<HTMLButtonElement>(null);
  useKeptFocus(button);
  return (
    <button type="button" class="earlier" ref={button} aria-disabled={paging} onClick={() => store.older()}>
      {paging ? "Loading…" : "Show earlier messages"}
    </button>
  );
}

function Messages({ store }: { store: Store }) {
  const { messages, phase, pending, queue, approvals, ended, outlook } = live(store);
  const end = messages.length - 1;
  const omitted = outlook?.omitted ?? 0;
  const later = useLater(messages);
  return (
    <>
      {messages.map((message, at) => (
        <Later.Provider key={message.id} value={later(message.id)}>
          {omitted > 0 && message.id === outlook?.first && <SentMark omitted={omitted} />}
          {message.role === "user" ? (
            <Question message={message} live={!ended && at >= end - 1} store={store} />
          ) : (
            <Answer
              message={message}
              phase={at === end ? phase : null}
              store={store}
              last={at === end}
              asked={isAsked(pending, queue, message.id)}
              approvals={at === end ? approvals : NONE}
            />
          )}
        </Later.Provider>
      ))}
      {omitted > 0 && outlook?.first === null && <SentMark omitted={omitted} />}
    </>
  );
}

const NONE: readonly Approval[] = [];

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
