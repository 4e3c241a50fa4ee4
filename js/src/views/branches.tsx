/** The switch between a message and the others in its place: "‹ 2/3 ›". */
import { createContext } from "preact";
import { useContext, useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { switchTo } from "../asks.ts";
import type { Store } from "../store.ts";
import type { Message } from "../wire/messages.ts";
import { keepFocus } from "./focus.ts";
import { LeftIcon, RightIcon } from "./icons.tsx";
import { live } from "./live.ts";

/** Called before another branch is shown: the view stays where the reader looks. */
export const Hold = createContext<() => void>(() => {});

const FOCUS = "branch focus";

/** Which switch takes the focus when it is there: of one of several views of the same model. */
interface Wanted {
  message: string;
  step: number;
  view: Node | undefined;
  until: number;
  /** It had to be paged in: nobody looks at its place yet. */
  sought?: boolean;
}

/** After this long it is no longer the answer to that press. Milliseconds. */
const FRESH = 5_000;

export function Branches({ message, store }: { message: Message; store: Store }) {
  const hold = useContext(Hold);
  const root = useRef<HTMLSpanElement>(null);
  const all = message.siblings ?? [];
  const at = all.indexOf(message.id);
  useLayoutEffect(() => takeFocus(store, message.id, root.current), [store, message.id]);
  if (all.length < 2 || at < 0) return null;
  const show = (step: number) => {
    const target = all[at + step];
    if (target === undefined) return;
    hold();
    const view = root.current?.getRootNode();
    store.memory.set(FOCUS, { message: target, step, view, until: performance.now() + FRESH });
    keepFocus(root.current);
    switchTo(store, target);
  };
  const what = message.role === "user" ? "question" : "answer";
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would be a form's, and this stands in a line of text
    <span class="branches" role="group" aria-label={`Version ${at + 1} of ${all.length} of this ${what}`} ref={root}>
      <button
        type="button"
        aria-label="Previous version"
        title="Previous version"
        aria-disabled={at === 0}
        onClick={() => show(-1)}
      >
        <LeftIcon />
      </button>
      <span aria-hidden="true">{`${at + 1}/${all.length}`}</span>
      <button
        type="button"
        aria-label="Next version"
        title="Next version"
        aria-disabled={at === all.length - 1}
        onClick={() => show(1)}
      >
        <RightIcon />
      </button>
    </span>
  );
}

/** The button that was pressed left the page with its message; its place in the new one takes the focus. */
function takeFocus(store: Store, message: string, root: HTMLElement | null): void {
  const wanted = store.memory.get(FOCUS) as Wanted | undefined;
  if (!root || wanted?.message !== message || wanted.view !== root.getRootNode()) return;
  if (performance.now() > wanted.until) return;
  store.memory.delete(FOCUS);
  const button = root.querySelectorAll("button")[wanted.step < 0 ? 0 : 1];
  button?.focus();
  if (wanted.sought)
    requestAnimationFrame(() => {
      for (const each of [root.closest(".message"), button]) each?.scrollIntoView({ block: "nearest" });
    });
}

/** A long branch comes with its end first: what was switched to is paged in. */
export function useSought(store: Store): void {
  const { messages, more, paging } = live(store);
  useEffect(() => {
    const wanted = store.memory.get(FOCUS) as Wanted | undefined;
    if (!wanted || performance.now() > wanted.until || !more || paging) return;
    if (messages.some((message) => message.id === wanted.message)) return;
    wanted.sought = true;
    store.older();
  }, [store, messages, more, paging]);
}
