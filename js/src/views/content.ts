/**
 * What the buttons on an answer's content do: copy a code block or a table, wrap lines, insert code as a cell. One listener a
 * view, since blocks come and go by the hundred.
 */
import { insertBelow, notebookOf } from "../hosts/jupyter.ts";
import { CodeBlock } from "../markdown/codeblock.ts";
import { copyFormulas } from "../markdown/formula.ts";
import { followWrapping, toggleWrapping } from "../markdown/wrapping.ts";
import type { Store } from "../store.ts";
import { copyText, showFor } from "./copy.ts";
import { say } from "./say.ts";
import { tableCopy } from "./tables.ts";

/** Take the clicks on content below `root`; returns how to stop. */
export function serveContent(root: ShadowRoot, store: Store): () => void {
  const host = root.host as HTMLElement;
  host.toggleAttribute("data-notebook", notebookOf(store.manager) !== null);
  const leave = followWrapping(host);
  const clicked = (event: Event) => {
    const button = (event.target as Element).closest<HTMLElement>("[data-do]");
    if (button) act(button, host, store);
  };
  const copied = (event: Event) => copyFormulas(event as ClipboardEvent, root);
  root.addEventListener("click", clicked);
  root.addEventListener("copy", copied);
  return () => {
    leave();
    root.removeEventListener("click", clicked);
    root.removeEventListener("copy", copied);
  };
}

function act(button: HTMLElement, host: HTMLElement, store: Store): void {
  if (button.dataset.do === "copy-table") {
    const table = button.parentElement?.querySelector("table");
    const { text, html } = table ? tableCopy(table) : { text: "", html: "" };
    void copy(button, text, html);
    return;
  }
  const frame = button.closest(".code");
  const block = frame && CodeBlock.of(frame);
  if (!block) return;
  if (button.dataset.do === "copy") void copy(button, block.text);
  else if (button.dataset.do === "wrap") inPlace(button, toggleWrapping);
  else if (button.dataset.do === "insert") insert(button, block, host, store);
}

async function copy(button: HTMLElement, text: string, html = ""): Promise<void> {
  const said = (await copyText(text, html)) ? "Copied" : "Copy failed";
  showFor(button, said);
  say(button, said);
}

function insert(button: HTMLElement, block: CodeBlock, host: HTMLElement, store: Store): void {
  const notebook = notebookOf(store.manager);
  if (!notebook) {
    return void copy(button, block.text); // the document was closed, or may not be changed any more
  }
  const type = /^(?:markdown|md)$/i.test(block.language) ? "markdown" : "code";
  const where = insertBelow(notebook, { host, id: store.id }, block.text, type);
  showFor(button, "Inserted");
  say(button, where === "below" ? "Inserted as a new cell below this one" : "Inserted as the last cell");
}

/** Do what changes the height of much, and keep `node` where the reader sees it. */
function inPlace(node: HTMLElement, change: () => void): void {
  const before = node.getBoundingClientRect().top;
  change();
  const moved = node.getBoundingClientRect().top - before;
  const scroller = node.closest(".log");
  if (scroller) scroller.scrollTop += moved;
}
