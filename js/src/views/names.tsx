/** The names of what goes with a question: all that is known while it waits, and what is shown before pictures can be. */
import type { Store } from "../store.ts";
import type { Message } from "../wire/messages.ts";
import type { Editing } from "./edit.tsx";
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

export interface AttachedProps {
  message: Message;
  store: Store;
  /** While the question is edited, what it was sent with can be left out. */
  editing: Editing;
}

/** What a question was sent with. */
export function Attached(props: AttachedProps) {
  return namesOf(props.message).length > 0 ? <Shown {...props} /> : null;
}

function namesOf({ parts }: Message): string[] {
  return parts.flatMap((part) =>
    part.type === "file" ? [part.name] : part.type === "image" ? [part.alt || "picture"] : [],
  );
}
