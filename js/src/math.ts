/**
 * math.js: formulas as MathML, by Temml. Owns what TeX of a model may do: it draws, in bounded time and space, and does
 * nothing else. Knows nothing of Markdown.
 */
import temml from "temml";
import styles from "./styles/math.css?inline";

export { copyWithSource } from "./views/selection.ts";
export { styles };

/** Longer formulas stay source: these take up to 50 ms with their layout, and Temml cannot be interrupted. Characters. */
const LENGTH_MOST = 2_000;
/** Primes, and letters with marks, each of which becomes a stack of elements, count for more. */
const MARKED = /['\u00c0-\u024f]|[\u0300-\u036f]/g;
const MARKED_WEIGHT = 8;
/** So do the cells of matrices. */
const CELLS = /&|\\\\/g;
const CELL_WEIGHT = 3;
/** Levels of braces, and of elements in what is drawn: layout of deeply nested fractions takes exponential time. */
const BRACES_MOST = 60;
const DEPTH_MOST = 40;
/** Commands that define others. Ten of them can ask for gigabytes (each doubling its argument), whatever `maxExpand` is. */
const DEFINES =
  /\\(?:[egx]?def|(?:future)?let|global|long|(?:(?:re)?new|provide)command|DeclareMathOperator)(?![A-Za-z@])/;
/** Spaces to the left of more than this would draw over other text. By unit, so that each is about two characters. */
const BACK_MOST: Record<string, number> = { em: 2, ex: 4, pt: 24, px: 32, mu: 36 };
const UNWANTED = /^(?:on|href$|src$|id$|xlink|xml)/;

/** Return `tex` as a `math` element; throws an Error that says why it cannot be drawn. */
export function drawFormula(tex: string, display: boolean): Element {
  const weight = tex.length > LENGTH_MOST ? tex.length : weightOf(tex);
  if (weight > LENGTH_MOST) throw new Error("This formula is too long to be drawn.");
  if (DEFINES.test(tex)) throw new Error("Formulas that define commands are not drawn.");
  if (bracesOf(tex) > BRACES_MOST) throw new Error("This formula is nested too deeply to be drawn.");
  const holder = document.createElement("span");
  try {
    temml.render(tex, holder, {
      displayMode: display,
      throwOnError: true,
      trust: false,
      macros: {},
      maxSize: [25, 300],
      maxExpand: 1_000,
      wrap: "tex",
    });
  } catch (error) {
    throw new Error(explain(error));
  }
  const drawn = holder.firstElementChild;
  if (drawn?.localName !== "math") throw new Error("This is no formula.");
  tidy(drawn, 0);
  return drawn;
}

function weightOf(tex: string): number {
  const count = (pattern: RegExp) => tex.match(pattern)?.length ?? 0;
  return tex.length + MARKED_WEIGHT * count(MARKED) + CELL_WEIGHT * count(CELLS);
}

function bracesOf(tex: string): number {
  let depth = 0;
  let most = 0;
  for (const character of tex) {
    if (character === "{") most = Math.max(most, ++depth);
    else if (character === "}") depth--;
  }
  return most;
}

/** Temml's message without the picture of the place, which a tooltip cannot show. */
function explain(error: unknown): string {
  if (error instanceof RangeError) return "This formula is nested too deeply to be drawn.";
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/ at (?:position|end of input)[\s\S]*$/, "").trim();
}

/** Take away what is no drawing: links within the page (`\ref`), ids (`\label`), leaps over the text before. */
function tidy(node: Element, depth: number): void {
  if (depth > DEPTH_MOST) throw new Error("This formula is nested too deeply to be drawn.");
  for (const { name } of [...node.attributes]) if (UNWANTED.test(name)) node.removeAttribute(name);
  const [, size, unit] = /^-([\d.]+)([a-z]+)$/.exec((node as HTMLElement).style.marginLeft) ?? [];
  if (size && Number(size) > (BACK_MOST[unit ?? ""] ?? 0)) (node as HTMLElement).style.marginLeft = "";
  for (const child of [...node.children]) {
    if (child instanceof HTMLAnchorElement) child.replaceWith(reference(child));
    else tidy(child, depth + 1);
  }
}

/** What `\ref{label}` is without a page full of numbered formulas: the label. */
function reference(link: HTMLAnchorElement): Element {
  const text = document.createElementNS("http://www.w3.org/1998/Math/MathML", "mtext");
  text.textContent = `(${link.getAttribute("href")?.slice(1) ?? ""})`;
  return text;
}
