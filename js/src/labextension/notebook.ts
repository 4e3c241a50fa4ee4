/** Cells of a notebook: new ones are put below the active one of that in front; one is run when its view's reader has agreed. */
import type { Runner } from "../hosts/jupyter.ts";
import type { NotebookActions, NotebookPanel, Tracker } from "./host.ts";

/** Put code cells below the active one and edit the last; `line` is where its cursor goes. */
export async function insertBelow(panel: NotebookPanel, sources: readonly string[], line = 0): Promise<void> {
  const { content } = panel;
  const first = content.activeCellIndex + 1;
  sources.forEach((source, at) => {
    content.model?.sharedModel.insertCell(first + at, { cell_type: "code", source, metadata: { trusted: true } });
  });
  content.activeCellIndex = first + sources.length - 1;
  content.deselectAll();
  await content.scrollToItem?.(content.activeCellIndex);
  await content.activeCell?.ready;
  content.mode = "edit";
  content.activeCell?.editor?.setCursorPosition({ line, column: 0 });
}

/** What runs cells for the views of the page, by the application's own actions; null where it has none that take any cell. */
export function runnerOf(tracker: Tracker, { runCells }: NotebookActions): Runner | null {
  if (!runCells) return null;
  return {
    run(context, id) {
      const panel = tracker.find((each) => each.context === context);
      const at = panel?.content.widgets.findIndex(({ model }) => model.id === id) ?? -1;
      const cell = panel?.content.widgets[at];
      if (!panel || !cell) return null;
      panel.content.mode = "command"; // in edit mode the notebook would take the focus
      panel.content.activeCellIndex = at; // which the application brings into sight
      panel.content.deselectAll();
      return runCells(panel.content, [cell], panel.sessionContext);
    },
  };
}
