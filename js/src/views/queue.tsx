/** What waits: asked for but not taken yet, and questions that are queued behind the running turn. */
import { useState } from "preact/hooks";
import { requeue, unqueue } from "../asks.ts";
import type { Pending } from "../outbox.ts";
import type { Store } from "../store.ts";
import type { Queued } from "../wire/traits.ts";
import { Action } from "./actions.tsx";
import { Editor, useEditing } from "./edit.tsx";
import { keepFocus } from "./focus.ts";
import { CloseIcon, EditIcon } from "./icons.tsx";
import { Names } from "./names.tsx";
import { pure } from "./pure.ts";

interface QueueProps {
  queue: readonly Queued[];
  pending: readonly Pending[];
  store: Store;
}

export const Queue = pure(function Queue({ queue, pending, store }: QueueProps) {
  return (
    <>
      <Waiting queue={queue} store={store} />
      {pending.map((each) => (
        <div class="message user waiting" key={each.client}>
          {each.ask.op === "send" && <Names names={each.ask.attachments?.map(({ name }) => name)} />}
          {each.text && <div class="bubble">{each.text}</div>}
          <div class="waiting-line">
            {each.slow ? "The kernel is busy or not connected; it will be sent when it answers." : SENDING[each.ask.op]}
          </div>
        </div>
      ))}
    </>
  );
});

const SENDING = {
  send: "Sending…",
  edit: "Sending…",
  regenerate: "Asking for another answer…",
  resume: "Asking for the rest…",
  alone: "Sending…",
} as const;

/** The queue, and what is still being edited although its turn has begun: no words are lost with it. */
function Waiting({ queue, store }: { queue: readonly Queued[]; store: Store }) {
  const [edited, setEdited] = useState(() => beingEdited(store));
  const gone = edited.filter((each) => !queue.some((other) => other.turn === each.turn));
  return (
    <>
      {[...gone, ...queue].map((each) => (
        <Item
          key={each.turn}
          item={each}
          gone={gone.includes(each)}
          store={store}
          edits={(now) =>
            setEdited((all) => [...all.filter((other) => other.turn !== each.turn), ...(now ? [each] : [])])
          }
        />
      ))}
    </>
  );
}

const EDITED = "queued ";

function beingEdited(store: Store): readonly Queued[] {
  const names = [...store.memory.keys()].filter((name) => name.startsWith(EDITED));
  return names.map((name) => ({ turn: name.slice(EDITED.length), text: "" }));
}

const WAITING = { resume: "The rest of its answer is queued", regenerate: "Another answer is queued" } as const;

interface ItemProps {
  item: Queued;
  gone: boolean;
  store: Store;
  edits: (now: boolean) => void;
}

function Item({ item, gone, store, edits }: ItemProps) {
  const text = item.text || (store.memory.get(`typed ${item.turn}`) as string | undefined);
  const editing = useEditing(store, EDITED + item.turn);
  if (editing.open)
    return (
      <div class="message user waiting">
        {gone && <div class="waiting-line">This question has been sent meanwhile.</div>}
        <Editor
          store={store}
          editing={{
            ...editing,
            end: () => {
              editing.end();
              edits(false);
            },
          }}
          label="Waiting question"
          action={gone ? "Ask next" : "Save"}
          save={(changed) => {
            if (gone) return store.submit(changed, () => {});
            store.typed(item.turn, changed);
            requeue(store, item.turn, changed);
          }}
        />
      </div>
    );
  const edit = () => {
    editing.begin(text ?? "");
    edits(true);
  };
  const waits = item.kind && WAITING[item.kind];
  const remove = (button: HTMLElement) => {
    keepFocus(button);
    unqueue(store, item.turn);
  };
  return (
    <div class="message user waiting">
      <Names names={item.attachments} />
      <div class="bubble">{text ?? "A private question"}</div>
      <div class="waiting-line">
        {waits ?? "Queued"}
        {text !== undefined && !waits && (
          <Action name="Edit queued question" does={edit}>
            <EditIcon />
          </Action>
        )}
        <Action name="Remove from the queue" does={remove}>
          <CloseIcon />
        </Action>
      </div>
    </div>
  );
}
