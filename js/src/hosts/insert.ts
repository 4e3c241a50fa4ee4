/** Code of an answer in Jupyter's notebook: a new cell below the one that holds a view, or in place of the code above it. Undo is the
 * notebook's own. */
import type { Cell, SharedNotebook } from "./jupyter.ts";

export interface Place {
  /** The view's element in the page. */
  host: Element;
  /** The id of the widget's model, by which an output names it. */
  id: unknown;
}

export type Where = "below" | "active" | "last";

const VIEW = "application/vnd.jupyter.widget-view+json";

/** By the id of a cell that was inserted here: that of the view whose answer it is from. */
const inserted = new Map<string, unknown>();

/** Where a new cell would come: below the one that holds the view, or below the active one of the notebook in sight, or last. */
export function whereBelow(notebook: SharedNotebook, { host, id }: Place): { where: Where; cell: number } {
  const own = cellAround(host) ?? cellThatShows(notebook, id);
  if (own !== null) return { where: "below", cell: own };
  const active = activeCell();
  return active === null ? { where: "last", cell: notebook.cells.length - 1 } : { where: "active", cell: active };
}

/** Put a new cell there, behind those that came from the same view: blocks stand in the order in which they were asked for. */
export function insertBelow(notebook: SharedNotebook, place: Place, source: string, type: string) {
  const { where, cell } = whereBelow(notebook, place);
  let at = cell + 1;
  while (isFrom(notebook.cells[at], place)) at++;
  const made = notebook.insertCell(at, { cell_type: type, source, metadata: {} }) as Cell | undefined;
  if (made?.id) inserted.set(made.id, place.id);
  return { where, made };
}

function isFrom(cell: Cell | undefined, { id }: Place): boolean {
  return cell?.id !== undefined && inserted.has(cell.id) && inserted.get(cell.id) === id;
}

/** Put the code in place of that in the nearest cell above the view's that holds code and no question; returns whether one does. */
export function replaceAbove(notebook: SharedNotebook, { host, id }: Place, source: string): boolean {
  const own = cellAround(host) ?? cellThatShows(notebook, id) ?? 0;
  const above = notebook.cells.slice(0, own).findLast((cell) => cell.cell_type === "code" && !asks(cell.getSource?.()));
  if (!above?.setSource) return false;
  above.setSource(source);
  return true;
}

/** Whether a cell is empty, or talks to nbchat. */
function asks(source = ""): boolean {
  return /^\s*(?:%%?(?:chat|nbchat)\b|$)/.test(source);
}

/** The number of the cell in whose output the view stands; null elsewhere (a panel of its own). */
function cellAround(host: Element): number | null {
  const cell = host.closest<HTMLElement>(".jp-Notebook .jp-Cell");
  if (!cell) return null;
  return numberOf(cell);
}

/** A view in a panel of its own belongs to the notebook beside it, if there is just one. */
function activeCell(): number | null {
  const [first, second] = [...document.querySelectorAll(".jp-NotebookPanel")].filter((each) => each.checkVisibility());
  const cell = second ? null : first?.querySelector<HTMLElement>(".jp-Notebook .jp-Cell.jp-mod-active");
  return cell ? numberOf(cell) : null;
}

function numberOf(cell: HTMLElement): number {
  const number = cell.closest<HTMLElement>("[data-windowed-list-index]")?.dataset.windowedListIndex;
  if (number) return Number(number);
  const all = [...(cell.closest(".jp-Notebook")?.querySelectorAll(".jp-Cell") ?? [])];
  return all.indexOf(cell);
}

function cellThatShows(notebook: SharedNotebook, id: unknown): number | null {
  const shows = ({ data }: { data?: Record<string, unknown> }) =>
    (data?.[VIEW] as { model_id?: unknown } | undefined)?.model_id === id;
  const at = notebook.cells.findLastIndex((cell) => cell.getOutputs?.().some(shows));
  return at < 0 || id === undefined ? null : at;
}
