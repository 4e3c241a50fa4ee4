/**
 * A table for the clipboard: tab-separated text and a plain HTML table, side by side. Spreadsheets take either and fill their
 * cells; editors and notebooks take the text. (The Markdown of a table is in the copy of the whole answer.)
 */
import { sourceOf } from "../markdown/formula.ts";

/** Return the text and the markup. */
export function tableCopy(table: HTMLTableElement): [text: string, html: string] {
  const rows = [...table.rows].map((row) =>
    [...row.cells].map((cell) => ({ name: cell.localName, text: textOf(cell) })),
  );
  const clean = document.createElement("table");
  for (const row of rows) {
    const line = clean.insertRow();
    for (const { name, text } of row) line.appendChild(document.createElement(name)).textContent = text;
  }
  return [rows.map((row) => row.map(({ text }) => text).join("\t")).join("\n"), clean.outerHTML];
}

/** A cell's text in one line, formulas as their source. */
function textOf(cell: HTMLElement): string {
  let text = "";
  const walk = (node: Node) => {
    const source = node instanceof HTMLElement ? sourceOf(node) : undefined;
    if (source !== undefined) text += source;
    else if (node instanceof Text) text += node.data;
    else if (node instanceof HTMLBRElement) text += " ";
    else for (const child of node.childNodes) walk(child);
  };
  walk(cell);
  return inert(text.replace(/\s+/g, " ").trim());
}

/** What a model wrote is no formula of the reader's spreadsheet: one may send the cells beside it to any address. */
function inert(text: string): string {
  return /^[=@]|^[+-](?![\d.,\s]|$)/.test(text) ? `'${text}` : text;
}
