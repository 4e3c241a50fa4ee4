/**
 * Jupyter's notebook as a page can reach it: JupyterLab and Notebook hand the document to their widget manager. Other hosts do not,
 * and nothing here is offered there.
 *
 * Owns every assumption about the host's objects, each of which is looked at before it is used. Undo is the notebook's own.
 */

export interface Cell {
  cell_type?: string;
  getOutputs?: () => { data?: Record<string, unknown> }[];
  getSource?: () => string;
  setSource?: (source: string) => void;
}

export interface SharedNotebook {
  cells: readonly Cell[];
  insertCell(index: number, cell: { cell_type: string; source: string; metadata: object }): unknown;
}

interface Manager {
  context?: { model?: { readOnly?: boolean; sharedModel?: Partial<SharedNotebook> } };
}

/** Return the notebook that a widget manager belongs to, if cells can be put into it. */
export function notebookOf(manager: unknown): SharedNotebook | null {
  const model = (manager as Manager | undefined)?.context?.model;
  const shared = model?.sharedModel;
  const usable = Array.isArray(shared?.cells) && typeof shared.insertCell === "function" && !model?.readOnly;
  return usable ? (shared as SharedNotebook) : null;
}
