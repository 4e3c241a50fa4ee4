/** Rows of tables: how a line is cut into cells, and which line sets the columns (GFM 4.10). */
import type { Align } from "./tree.ts";

const DELIMITERS = /^\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*(?:\|[ \t]*)?$/;

/** Return the columns that a line of `|:--|--:|` sets, or null if it is none. */
export function readColumns(line: string): Align[] | null {
  if (!/[|:]/.test(line) || !DELIMITERS.test(line)) return null;
  return splitRow(line).map((cell) => {
    const [left, right] = [cell.startsWith(":"), cell.endsWith(":")];
    if (left && right) return "center";
    return left ? "left" : right ? "right" : null;
  });
}

/** Cut a row at its bars; `\|` is a bar that belongs to the cell's text. */
export function splitRow(row: string): string[] {
  const cells: string[] = [];
  let cell = "";
  let from = 0;
  const text = row.trim();
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "\\" && text[at + 1] === "|") {
      cell += `${text.slice(from, at)}|`;
      from = ++at + 1;
    } else if (text[at] === "\\") at++;
    else if (text[at] === "|") {
      if (at > 0) cells.push((cell + text.slice(from, at)).trim());
      cell = "";
      from = at + 1;
    }
  }
  const last = (cell + text.slice(from)).trim();
  if (last || !text.endsWith("|")) cells.push(last);
  return cells;
}
