/**
 * Downloads: a conversation as a file. The kernel makes the text and sends it in pieces; the page puts them together and hands them
 * to the browser. Where pages may not download (VS Code's), the kernel writes the file beside the notebook instead.
 */
import { call } from "./calls.ts";
import type { Store } from "./store.ts";
import type { Asks } from "./wire/calls.ts";

export type Form = Asks["export"][0]["form"];

const TYPES: Record<Form, string> = {
  md: "text/markdown",
  json: "application/json",
  ipynb: "application/x-ipynb+json",
  html: "text/html",
};
/** Between two pieces: the Jupyter server drops what comes faster than a megabyte a second. Milliseconds. */
const PAUSE = 250;
/** The browser has taken the file by then. Milliseconds. */
const TAKEN = 60_000;

/** Whether this page can hand a file to the browser: a webview of VS Code cannot. */
export function canDownload(): boolean {
  return !document.body.className.includes("vscode-") && !("acquireVsCodeApi" in globalThis);
}

/** Export; returns the file's name, or its path on the kernel's machine. `progress` is told shares from 0 to 1. */
export async function exportAs(store: Store, form: Form, progress: (share: number) => void): Promise<string> {
  if (!canDownload()) {
    const saved = await call(store, "export", { form, piece: 0, save: true });
    return "path" in saved ? saved.path : saved.name;
  }
  const { name, text } = await pieces(store, form, progress);
  save(name, text, TYPES[form]);
  return name;
}

async function pieces(store: Store, form: Form, progress: (share: number) => void) {
  const text: string[] = [];
  let [name, of] = ["", ""];
  for (let count = 1; text.length < count; ) {
    if (text.length > 0) await new Promise((resolve) => setTimeout(resolve, PAUSE));
    const found = await call(store, "export", { form, piece: text.length, ...(of && { of }) });
    if ("path" in found) break;
    text.push(found.text);
    ({ name, of, pieces: count } = found);
    progress(text.length / count);
  }
  return { name, text };
}

/** Hand a file to the browser, which asks where to put it or has a place for such. */
function save(name: string, text: readonly string[], type: string): void {
  const url = URL.createObjectURL(new Blob([...text], { type: `${type};charset=utf-8` }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.style.display = "none";
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), TAKEN);
}
