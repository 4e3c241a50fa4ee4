/** The conversation's title, which a click or Enter makes a text box. */
import { useState } from "preact/hooks";
import { rename } from "../asks.ts";
import type { Store } from "../store.ts";
import { live } from "./live.ts";
import { TitleBox, useRenaming } from "./title_box.tsx";

export function Title({ store }: { store: Store }) {
  const { title } = live(store);
  const { editing, button, begin, end } = useRenaming();
  const [conversation] = useState(store.state.conversation);
  const save = (text: string) => {
    if (store.state.conversation === conversation) rename(store, text); // another one that is shown now has a title of its own
  };
  if (editing) return <TitleBox title={title} save={save} end={end} />;
  return (
    <h2>
      <button
        type="button"
        class="title-button"
        ref={button}
        title={title ? `${title}\nClick to rename` : "Click to name this conversation"}
        onClick={begin}
      >
        {title || "Chat"}
      </button>
    </h2>
  );
}
