/** Files that come to a thread by dropping them on it, or by pasting them: where they may land, and which of them are meant. */
import { useState } from "preact/hooks";
import { attach } from "../attach/draft.ts";
import type { Store } from "../store.ts";
import { lazy } from "./lazy.tsx";

const DropMark = lazy((extras) => extras.DropMark);

/** What makes a thread take files, and the mark that shows while some are held over it. */
export function useDropping(store: Store) {
  const [over, setOver] = useState(false);
  const mine = (event: DragEvent) => {
    if (!event.dataTransfer?.types.includes("Files")) return false;
    event.preventDefault(); // else the browser leaves the page for the file
    event.stopPropagation();
    return true;
  };
  const target = {
    onDragEnter: (event: DragEvent) => mine(event) && setOver(true),
    onDragOver: (event: DragEvent) => {
      if (!mine(event)) return;
      (event.dataTransfer as DataTransfer).dropEffect = "copy";
      setOver(true);
    },
    onDragLeave: (event: DragEvent) => {
      const inside = (event.currentTarget as Node).contains(event.relatedTarget as Node | null);
      if (!inside) setOver(false);
    },
    onDrop: (event: DragEvent) => {
      if (!mine(event)) return;
      setOver(false);
      (event.currentTarget as HTMLElement).querySelector<HTMLElement>(".composer textarea")?.focus();
      attach(store, event.dataTransfer?.files ?? []);
    },
  };
  return { target, mark: over ? <DropMark /> : null };
}

/** The files of a paste. Word processors and spreadsheets put a picture of the text beside it: there the text is meant. */
export function pastedFiles(data: DataTransfer | null): File[] {
  const rich = data?.types.includes("text/plain") && data.types.some((type) => /^text\/(?:html|rtf)$/.test(type));
  return rich ? [] : [...(data?.files ?? [])];
}
