/** math.js: formulas as MathML, by Temml. Knows nothing of Markdown. */
import temml from "temml";

/** Draw `tex` into `node`; throws what Temml says of TeX that it cannot read. */
export function drawFormula(node: HTMLElement, tex: string, display: boolean): void {
  temml.render(tex, node, { displayMode: display, throwOnError: true, trust: false });
}
