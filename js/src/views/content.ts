/**
 * What the buttons on an answer's content do: copy a code block or a table, wrap lines, insert code as a cell or run it as one. One
 * listener a view, since blocks come and go by the hundred.
 */
import { loadAsset } from "../assets.ts";
import { notebookOf, runner } from "../hosts/jupyter.ts";
import { CodeBlock } from "../markdown/codeblock.ts";
import { copyFormulas } from "../markdown/formula.ts";
import { followWrapping, toggleWrapping } from "../markdown/wrapping.ts";
import type { Store } from "../store.ts";
import { copyText, showFor } from "./copy.ts";
import { say } from "./say.ts";

/** Take the clicks on content below `root`; returns how to stop. */
export function serveContent(root: ShadowRoot, store: Store): () => void {
  const host = root.host as HTMLElement;
  const inNotebook = notebookOf(store.model.widget_manager) !== null;
  host.toggleAttribute("data-notebook", inNotebook);
  host.toggleAttribute("data-runs", inNotebook && runner() !== undefined);
  host.toggleAttribute("data-cell", inNotebook && store.model.get("kind") === "turn"); // a thread belongs to no cell's code
  const leave = followWrapping(host);
  const clicked = (event: Event) => {
    const button = (event.target as Element).closest<HTMLElement>("[data-do]");
    if (button) act(button, host, store).catch(() => showFor(button, "Not possible without the kernel"));
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

const INSERTED = {
  below: "Inserted as a new cell below this one",
  active: "Inserted as a new cell below the active one",
  last: "Inserted as the last cell",
};

async function act(button: HTMLElement, host: HTMLElement, store: Store): Promise<void> {
  const frame = button.closest(".code");
  const block = frame && CodeBlock.of(frame);
  switch (button.dataset.do) {
    case "wrap":
      return toggleWrapping();
    case "copy":
      return copy(button, block?.text ?? "");
    case "copy-table": {
      const table = button.parentElement?.querySelector("table");
      const { tableCopy } = await loadAsset("extras");
      if (table) await copy(button, ...tableCopy(table));
      return;
    }
    case "insert":
      if (block) await insert(button, block, host, store);
      return;
    case "replace":
      if (block) await replace(button, block, host, store);
      return;
    case "run": {
      const { askToRun } = await loadAsset("extras");
      if (block) askToRun(button, block, host, store);
    }
  }
}

async function copy(button: HTMLElement, text: string, html = ""): Promise<void> {
  const said = (await copyText(text, html)) ? "Copied" : "Copy failed";
  showFor(button, said);
  say(button, said);
}

async function insert(button: HTMLElement, block: CodeBlock, host: HTMLElement, store: Store): Promise<void> {
  const { model } = store;
  const notebook = notebookOf(model.widget_manager);
  if (!notebook) return copy(button, block.text); // the document was closed, or may not be changed any more
  const { insertBelow } = await loadAsset("extras");
  const type = /^(?:markdown|md)$/i.test(block.language) ? "markdown" : "code";
  const { where } = insertBelow(notebook, { host, id: model.get("comm_id") }, block.text, type);
  showFor(button, "Inserted");
  say(button, INSERTED[where]);
}

async function replace(button: HTMLElement, block: CodeBlock, host: HTMLElement, store: Store): Promise<void> {
  const { model } = store;
  const notebook = notebookOf(model.widget_manager);
  if (!notebook) return copy(button, block.text);
  const { replaceAbove } = await loadAsset("extras");
  const replaced = replaceAbove(notebook, { host, id: model.get("comm_id") }, block.text);
  showFor(button, replaced ? "Replaced" : "No code above");
  say(
    button,
    replaced ? "Replaced the code in the cell above; undo it there" : "There is no cell with code above this one",
  );
}
