/** The names of what goes with a question: all that is known while it waits, and what is shown before pictures can be. */
import type { Store } from "../store.ts";
import type { Message } from "../wire/messages.ts";
import { FileIcon } from "./icons.tsx";
import { lazy } from "./lazy.tsx";

const Shown = lazy(
  (extras) => extras.Attached,
  ({ message }) => <Names names={namesOf(message)} />,
);

export function Names({ names = [] }: { names: readonly string[] | undefined }) {
  if (names.length === 0) return null;
  return (
    <div class="attachments">
      {names.map((name, at) => (
        <span class="file" key={at}>
          <FileIcon />
          <span class="file-name">{name}</span>
        </span>
      ))}
    </div>
  );
}

/** What a question was sent with. */
export function Attached({ message, store }: { message: Message; store: Store }) {
  return namesOf(message).length > 0 ? <Shown message={message} store={store} /> : null;
}

function namesOf({ parts }: Message): string[] {
  return parts.flatMap((part) =>
    part.type === "file" ? [part.name] : part.type === "image" ? [part.alt || "picture"] : [],
  );
}
