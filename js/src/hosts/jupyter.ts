/**
 * Jupyter's notebook as a page can reach it: JupyterLab and Notebook hand the document to their widget manager. Other hosts do not,
 * and nothing here is offered there.
 *
 * Owns every assumption about the host's objects, each of which is looked at before it is used. Undo is the notebook's own.
 */

interface Cell {
  getOutputs?: () => { data?: Record<string, unknown> }[];
}

interface SharedNotebook {
  cells: readonly Cell[];
  insertCell(index: number, cell: { cell_type: string; source: string; metadata: object }): unknown;
}

interface Manager {
  context?: { model?: { readOnly?: boolean; sharedModel?: Partial<SharedNotebook> } };
}

export interface Place {
  /** The view's element in the page. */
  host: Element;
  /** The id of the widget's model, by which an output names it. */
  id: unknown;
}

const VIEW = "application/vnd.jupyter.widget-view+json";

/** Return the notebook that a widget manager belongs to, if cells can be put into it. */
export function notebookOf(manager: unknown): SharedNotebook | null {
  const model = (manager as Manager | undefined)?.context?.model;
  const shared = model?.sharedModel;
  const usable = Array.isArray(shared?.cells) && typeof shared.insertCell === "function" && !model?.readOnly;
  return usable ? (shared as SharedNotebook) : null;
}

/** Put a new cell below the one that holds the view, or below all; returns which. */
export function insertBelow(
  notebook: SharedNotebook,
  { host, id }: Place,
  source: string,
  type: string,
): "below" | "last" {
  const cell = cellAround(host) ?? cellThatShows(notebook, id);
  notebook.insertCell(cell === null ? notebook.cells.length : cell + 1, { cell_type: type, source, metadata: {} });
  return cell === null ? "last" : "below";
}

/** The number of the cell in whose output the view stands; null elsewhere (a panel of its own). */
function cellAround(host: Element): number | null {
  const cell = host.closest<HTMLElement>(".jp-Notebook .jp-Cell");
  if (!cell) return null;
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
