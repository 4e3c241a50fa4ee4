/**
 * What people ask of a conversation besides sending, stopping and taking back: each is one message to the kernel.
 *
 * Here and not in the store because the store travels with every single view, and only the app's controls ask these.
 */
import { randomId } from "./registry.ts";
import type { Store } from "./store.ts";
import type { Message } from "./wire/messages.ts";
import type { Approval } from "./wire/traits.ts";

/** What is meant for the conversation in view is refused if another page has opened another one here meanwhile. */
const here = ({ state: { conversation: shown } }: Store) => (shown ? { shown } : {});

export const chooseModel = (store: Store, model: string) => store.ask({ op: "model", model, ...here(store) });
export const chooseOffer = (store: Store, offer: string) => store.ask({ op: "choose", offer });
export const rename = (store: Store, title: string) => store.ask({ op: "title", title, ...here(store) });

/** Take a question out of the queue, or give it other words. */
export const unqueue = (store: Store, turn: string) => store.ask({ op: "unqueue", turn });
export const requeue = (store: Store, turn: string, text: string) => store.ask({ op: "requeue", turn, text });

/** Show the branch through this message. */
export const switchTo = (store: Store, message: string) => store.ask({ op: "switch", message });
/** Keep a message from the model, or no longer. */
export const hide = (store: Store, message: string, hidden: boolean) => store.ask({ op: "hide", message, hidden });
export const remove = (store: Store, message: string) => store.ask({ op: "delete", message });

/** Take the last deletion back. */
export const restore = (store: Store, messages: readonly string[]) => store.ask({ op: "restore", messages });

export type Decision = "once" | "session" | "deny";
export const decide = (store: Store, { call }: Approval, decision: Decision) =>
  store.ask({ op: "approve", call, decision, ...here(store) });

/**
 * Ask a question with other words and `without` some of what was attached to it, or replace an answer by hand; `restore` gives the
 * text back if that is refused.
 */
export function edit(
  store: Store,
  message: Message,
  text: string,
  restore: (text: string) => void,
  without: readonly number[] = [],
): void {
  const more = without.length > 0 ? { without } : {};
  const ask = { op: "edit", message: message.id, text, client_id: randomId(), ...more } as const;
  store.request({ ask, text: message.role === "user" ? text : "", restore });
}

/** Ask for an answer again, of another model if one is given. */
export function regenerate(store: Store, message: string, model?: string): void {
  const ask = { op: "regenerate", message, client_id: randomId(), ...(model ? { model } : {}) } as const;
  store.request({ ask, text: "", restore: () => {} });
}

/** Ask again for an answer whose history was too long, leaving out the oldest messages from now on. */
export function dropOldest(store: Store, message: string): void {
  const ask = { op: "resume", message, client_id: randomId(), drop: true } as const;
  store.request({ ask, text: "", restore: () => {} });
}

/** Ask a question again with nothing of the history. */
export function askAlone(store: Store, message: string, text: string): void {
  store.request({ ask: { op: "alone", message, client_id: randomId() }, text, restore: () => {} });
}

/** Go on with an answer that was cut, or begin it again if nothing had come. */
export function resume(store: Store, message: string): void {
  store.request({ ask: { op: "resume", message, client_id: randomId() }, text: "", restore: () => {} });
}
