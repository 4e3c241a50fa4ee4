/** The choice when a conversation is too long for the model. Drawn on demand. */
import { askAlone, dropOldest } from "../asks.ts";
import type { Store } from "../store.ts";
import type { Message } from "../wire/messages.ts";
import { textOf } from "../wire/reduce.ts";
import { Recover } from "./actions.tsx";
import { keepFocus } from "./focus.ts";
import { live } from "./live.ts";

interface ShortenProps {
  message: Message;
  store: Store;
  asked: boolean;
}

/** The choice when a conversation is too long for the model; a question that is too long alone can only be tried again. */
export function Shorten({ message, store, asked }: ShortenProps) {
  const question = live(store).messages.find((each) => each.id === message.parent);
  if (!question || question.parent === null) return <Recover message={message} store={store} asked={asked} anew />;
  const press = (does: () => void) => (event: { currentTarget: HTMLElement }) => {
    keepFocus(event.currentTarget);
    does();
  };
  return (
    <>
      <button
        type="button"
        class="small plain"
        title="From now on what does not fit is left out, the oldest first; it stays in the conversation"
        disabled={asked}
        onClick={press(() => dropOldest(store, message.id))}
      >
        Drop the oldest messages
      </button>
      <button
        type="button"
        class="small plain"
        title="Ask it as the first question of a branch of its own"
        disabled={asked}
        onClick={press(() => askAlone(store, message.id, textOf(question)))}
      >
        Ask without the history
      </button>
    </>
  );
}
