/** The menu of everything that a thread's header has no room for. */
import type { RefObject } from "preact";
import { call, errorOf } from "../calls.ts";
import { canDownload, exportAs, type Form } from "../download.ts";
import type { Store } from "../store.ts";
import { drawerOf } from "./header.tsx";
import { type Item, Items } from "./items.tsx";
import { say } from "./toast.tsx";

interface MenuProps {
  store: Store;
  button: RefObject<HTMLButtonElement | null>;
  close: () => void;
}

const FORMS: [form: Form, name: string, detail: string][] = [
  ["md", "Markdown", "this branch, to read"],
  ["html", "Web page", "this branch, to read"],
  ["ipynb", "Notebook", "every branch"],
  ["json", "JSON", "every branch, to keep"],
];

export function MoreMenu({ store, button, close }: MenuProps) {
  // a thread that a cell's answer was unfolded into belongs to the cell
  const free = (button.current?.getRootNode() as ShadowRoot | undefined)?.querySelector(".drawer-place");
  const others: Item[] = [
    { name: "Conversations…", does: () => openDrawer(store, button.current) },
    { name: "New conversation", does: () => begin(store, button.current) },
  ];
  const items: Item[] = [
    ...(free ? others : []),
    ...FORMS.map(([form, name, detail]) => ({
      name,
      detail,
      head: canDownload() ? "Download as" : "Save beside the notebook as",
      does: () => void download(store, form, name),
    })),
  ];
  return <Items name="More" items={items} button={button} close={close} />;
}

/** In this view alone: the search takes the focus, and with it the page, to where it is. */
function openDrawer(store: Store, node: Element | null): void {
  drawerOf(store).value = node?.getRootNode() ?? null;
}

/** Begin a conversation in this view, and have the next words typed go there. */
export async function begin(store: Store, node: Element | null): Promise<void> {
  const root = node?.getRootNode() as ShadowRoot | undefined;
  try {
    const { shown } = await call(store, "new", {});
    drawerOf(store).value = null;
    focusComposer(store, root, shown);
  } catch (error) {
    say(store, { text: told(error), error: true });
  }
}

/** What is typed next goes into the composer of the conversation that was asked for: its snapshot may come after the reply. */
export function focusComposer(store: Store, root: ShadowRoot | undefined, conversation: string): void {
  const focus = () => requestAnimationFrame(() => root?.querySelector<HTMLElement>(".composer textarea")?.focus());
  if (store.state.conversation === conversation) {
    focus();
    return;
  }
  const leave = store.subscribe(() => {
    if (store.state.conversation !== conversation) return;
    leave();
    focus();
  });
}

export function told(error: unknown): string {
  const { text, hint } = errorOf(error);
  return hint ? `${text} ${hint}` : text;
}

async function download(store: Store, form: Form, name: string): Promise<void> {
  const progress = (share: number) => {
    if (share < 1) say(store, { text: `Exporting as ${name}… ${Math.round(share * 100)} %` });
  };
  try {
    const file = await exportAs(store, form, progress);
    say(store, { text: canDownload() ? `Downloaded: ${file}` : `Saved on the kernel's machine: ${file}` });
  } catch (error) {
    say(store, { text: told(error), error: true });
  }
}
