/**
 * Jupyter's notebook as a page can reach it: JupyterLab and Notebook hand the document to their widget manager, and the labextension
 * gives what runs its cells. Other hosts do not, and nothing here is offered there.
 *
 * Owns every assumption about the host's objects, each of which is looked at before it is used. Undo is the notebook's own.
 */

export interface Cell {
  cell_type?: string;
  id?: string;
  execution_count?: number | null;
  getOutputs?: () => Output[];
  getSource?: () => string;
  setSource?: (source: string) => void;
}

/** An output as nbformat has it; texts may be lists of lines. */
export interface Output {
  output_type?: string;
  data?: Record<string, unknown>;
  text?: unknown;
  traceback?: unknown;
}

export interface SharedNotebook {
  cells: readonly Cell[];
  insertCell(index: number, cell: { cell_type: string; source: string; metadata: object }): Cell;
}

/** What the labextension gives the views of a page: widgets reach the document, and the application alone runs its cells. */
export interface Runner {
  /**
   * Run a cell of the notebook with this context as if somebody had pressed its button; settles when it has ended, true if it came to
   * a good end. Null where no open notebook has such a cell.
   */
  run(context: unknown, cell: string): Promise<boolean> | null;
}

const RUNNER = Symbol.for("nbchat/runner");

/** The page's runner, if the application has one. */
export function runner(): Runner | undefined {
  return (globalThis as unknown as Record<symbol, Runner | undefined>)[RUNNER];
}

export function provideRunner(given: Runner): void {
  (globalThis as unknown as Record<symbol, Runner>)[RUNNER] = given;
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
