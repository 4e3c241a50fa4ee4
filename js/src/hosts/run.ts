/** Code of an answer run in Jupyter's notebook: in a new cell, by the notebook's own execution. From extras.js. */
import { insertBelow, type Place } from "./insert.ts";
import { notebookOf, runner } from "./jupyter.ts";
import { type Told, told } from "./outputs.ts";

export interface Ran extends Told {
  /** What files with its output are called. */
  name: string;
  /** The cell's number; null where the kernel never took it or began anew, or its cell is gone. */
  number: number | null;
  /** It came to its end, be that an error. */
  ended: boolean;
  /** The cell was deleted meanwhile. */
  gone: boolean;
}

/** Run `source` in a new cell below the view; settles when it has ended. Null where there is nothing (any more) to run it in. */
export async function runBelow(manager: unknown, place: Place, source: string): Promise<Ran | null> {
  const notebook = notebookOf(manager);
  const running = runner();
  if (!notebook || !running) return null;
  const { made } = insertBelow(notebook, place, source, "code");
  const done = running.run((manager as { context?: unknown }).context, made?.id ?? "");
  if (!done) return null;
  const good = await done.catch(() => false);
  const cell = notebook.cells.find(({ id }) => id === made?.id);
  const number = cell?.execution_count ?? null;
  const name = number === null ? "output" : `output-${number}`;
  const found = told(cell?.getOutputs?.() ?? [], name);
  return { ...found, name, number, ended: good || found.failed, gone: !cell };
}
