/** Questions about a cell: its source and its error as quoted data, below the place where the question is typed. */
import { plain, shorten } from "../texts.ts";
import type { Cell } from "./host.ts";

export interface CellError {
  name: string;
  trace: string;
}

/** The error that a cell ended with, if it did. */
export function errorOf(cell: Cell | null): CellError | null {
  const found = (cell?.model.outputs?.toJSON() ?? []).findLast((each) => each.output_type === "error");
  if (!found) return null;
  const trace = plain((found.traceback ?? []).join("\n")).trim();
  return { name: found.ename ?? "", trace: trace || `${found.ename}: ${found.evalue}` };
}

/** What stands in a composer or `%%chat` cell for a question about this cell; the first line is the person's. */
export function ask(cell: Cell): string {
  const error = errorOf(cell);
  return ["", "", ...about(cell), ...(error ? ["", "It ended with:", fence(error.trace)] : [])].join("\n");
}

export function explain(cell: Cell, error: CellError): string {
  return [
    `Explain this ${error.name || "error"}, and how to mend it.`,
    "",
    ...about(cell),
    "",
    "It ended with:",
    fence(error.trace),
  ].join("\n");
}

function about(cell: Cell): string[] {
  const code = cell.model.type === "code";
  return [code ? "The cell:" : "The text:", fence(cell.model.sharedModel.getSource(), code ? "python" : "markdown")];
}

/** A fenced block whose fence is longer than any in the text: what is quoted cannot end the quotation. */
export function fence(text: string, language = ""): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const marks = "`".repeat(longest + 1);
  return `${marks}${language}\n${shorten(text)}\n${marks}`;
}
