/**
 * The thread that a turn's view unfolds into, in its place. Loaded when somebody asks for it.
 *
 * To the page it is a model and a store like any other; what it says and hears travels in messages of the turn's model, and
 * its state is in this page alone: a saved notebook holds the turn's.
 */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { remember } from "../memory.ts";
import type { Model } from "../model.ts";
import type { Store } from "../store.ts";
import type { Incoming, Outgoing } from "../wire/protocol.ts";
import type { Place } from "./anchor.ts";
import { focusOf } from "./focus.ts";
import { FoldIcon } from "./icons.tsx";
import { Thread } from "./thread.tsx";
import { innerOf } from "./unfold.ts";

/** From the upper edge of the window to the question of the turn. Pixels. */
const BELOW_EDGE = 14;

type Callback = (...args: never[]) => void;
type Control = (message: { content: { data: { content: unknown } } }, ...rest: unknown[]) => unknown;
interface Managed {
  widget_manager?: { kernel?: { sendControlMessage?: Control } | null };
}

class InnerModel implements Model {
  /** As the turn's, but for its kernel: what goes out on the control channel is the thread's. */
  readonly widget_manager: unknown;
  private readonly values = new Map<string, unknown>([["kind", "thread"]]);
  private readonly listeners = new Map<string, Set<Callback>>();

  constructor(private readonly outer: Model) {
    const manager = (outer as Managed).widget_manager;
    const kernel = manager?.kernel;
    const send: Control = ({ content, ...message }, ...rest) => {
      const data = { ...content.data, content: { op: "thread", message: content.data.content } };
      return kernel?.sendControlMessage?.({ ...message, content: { ...content, data } }, ...rest);
    };
    this.widget_manager =
      manager &&
      Object.create(manager, {
        kernel: { value: kernel?.sendControlMessage && Object.create(kernel, { sendControlMessage: { value: send } }) },
      });
  }

  get(name: string): unknown {
    return name === "comm_id" ? this.outer.get(name) : this.values.get(name);
  }

  set(name: string, value: unknown): void {
    this.values.set(name, value);
    this.emit(`change:${name}`);
  }

  send(message: Outgoing): void {
    this.outer.send({ op: "thread", message });
  }

  on(name: string, callback: Callback): void {
    this.listeners.set(name, (this.listeners.get(name) ?? new Set()).add(callback));
  }

  off(name?: string | null, callback?: Callback | null): void {
    if (name && callback) this.listeners.get(name)?.delete(callback);
  }

  take({ message, state = {} }: Extract<Incoming, { op: "thread" }>): void {
    for (const [name, value] of Object.entries(state)) this.values.set(name, value);
    for (const name of Object.keys(state)) this.emit(`change:${name}`);
    if (message) this.emit("msg:custom", message);
  }

  private emit(name: string, ...args: unknown[]): void {
    for (const callback of [...(this.listeners.get(name) ?? [])]) (callback as (...args: unknown[]) => void)(...args);
  }
}

/** Where the threads begin that nobody has seen yet. */
const places = new WeakMap<Store, Place>();

/** Threads in whose composer somebody goes on: it gets the focus. */
const composing = new WeakSet<Store>();

/** Ask the kernel for the thread around this turn; `innerOf` has it from now on. `compose` goes to its composer. */
export function unfold(outer: Store, compose = false): void {
  outer.onThread?.(null); // one that no answer came for
  const { conversation, messages } = outer.state;
  const model = new InnerModel(outer.model);
  model.set("conversation", conversation);
  const inner = new (outer.constructor as typeof Store)(model); // the class came with the view's own bootstrap
  remember(inner)(); // its memory is there, and no view of it yet
  const [question] = messages;
  if (compose) composing.add(inner);
  if (question) places.set(inner, { message: question.id, offset: BELOW_EDGE });
  const controller = new AbortController();
  outer.onThread = (told) => {
    if (told?.message || told?.state) return model.take(told);
    controller.abort();
    outer.onThread = null;
    innerOf(outer).value = null;
    if (told) unfold(outer); // another page folded its own
  };
  inner.start(controller.signal);
  innerOf(outer).value = inner;
}

export function Unfolded({ outer, inner }: { outer: Store; inner: Store }) {
  const button = useRef<HTMLButtonElement>(null);
  const [at] = useState(() => places.get(inner));
  useLayoutEffect(() => {
    places.delete(inner);
    return remember(inner);
  }, [inner]);
  useLayoutEffect(() => {
    const section = button.current?.closest("section");
    const box = composing.has(inner) ? section?.querySelector<HTMLElement>(".composer textarea") : null;
    if (focusOf(section) === section) (box ?? button.current)?.focus({ preventScroll: true });
    section?.scrollIntoView({ block: "nearest" }); // the answer may have been longer than the window that stands there now
  }, [inner]);
  const fold = () => {
    button.current?.closest("section")?.focus({ preventScroll: true }); // it stays
    outer.onThread?.(null);
    outer.ask({ op: "fold" });
  };
  return (
    <>
      <button type="button" class="quiet fold" ref={button} onClick={fold}>
        <FoldIcon />
        Show this answer alone
      </button>
      <Thread store={inner} at={at} />
    </>
  );
}
