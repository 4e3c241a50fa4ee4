/** Cells of the notebook in front: new ones are put below the active one, and never run here. */
import type { NotebookPanel } from "./host.ts";

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
