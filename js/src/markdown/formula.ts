/**
 * Formulas on the page: the source stands as text until it is drawn as MathML, and stays where it cannot be.
 *
 * Owns when that happens: the module that draws is loaded with the first formula; a few milliseconds at a time go into
 * drawing, what is beyond that waits its turn, newest first, since readers look at the end.
 */
import { loadAsset } from "../assets.ts";
import { addStyles } from "../styles/sheet.ts";
import { element } from "./dom.ts";
import { formulaOf } from "./math.ts";

type Module = typeof import("../math.ts");

/** Drawing may take so much at a time, and begins anew after PAUSE. Milliseconds. */
const BUDGET = 5;
const PAUSE = 12;
/** Longer ones wait for a task of their own. Characters. */
const SHORT = 400;
/** So many drawn formulas are kept to be copied: the same ones stand in several views, and again and again in an answer. */
const KEPT_MOST = 400;

/** Whoever did not send the module is asked again after this long, or by the next formula. Milliseconds. */
const AGAIN = 20_000;

const sources = new WeakMap<HTMLElement, string>();
const kept = new Map<string, Element | Error>();
const waiting: HTMLElement[] = [];
let math: Module | null = null;
let loading = false;
let again: ReturnType<typeof setTimeout> | undefined;
let spent = 0;
let last = 0;
let scheduled = false;

/** Make the place of a formula; `block` if it is a block of its own. */
export function makeFormula(block: boolean): HTMLElement {
  return element(block ? "div" : "span", "math");
}

/** Show the formula of a token's source, which may still lack its end. The same source again changes nothing. */
export function setFormula(node: HTMLElement, raw: string): void {
  const source = raw.replace(/\n+$/, "");
  if (sources.get(node) === source) return;
  sources.set(node, source);
  const formula = formulaOf(source);
  showSource(node, source, formula?.display ?? node.localName === "div");
  if (formula) request(node);
}

/** Return the source of a formula's node with its delimiters; undefined for other nodes. */
export function sourceOf(node: HTMLElement): string | undefined {
  return sources.get(node);
}

/** Formulas that are copied with other text become their source. */
export function copyFormulas(event: ClipboardEvent, root: ShadowRoot): void {
  math?.copyWithSource(event, root, sourceOf);
}

function showSource(node: HTMLElement, source: string, display: boolean): void {
  node.className = display ? "math display" : "math";
  node.removeAttribute("title");
  node.role = "math";
  node.ariaLabel = `Formula ${formulaOf(source)?.tex ?? source}`;
  if (node.firstChild instanceof Text && source.startsWith(node.firstChild.data))
    node.firstChild.appendData(source.slice(node.firstChild.length));
  else node.textContent = source;
}

function request(node: HTMLElement): void {
  if (performance.now() - last > PAUSE) spent = 0;
  if (math && spent < BUDGET && waiting.length === 0 && (sources.get(node)?.length ?? 0) < SHORT) {
    show(node);
    return;
  }
  waiting.push(node);
  if (math) schedule(PAUSE);
  else void load();
}

async function load(): Promise<void> {
  if (loading || math) return;
  loading = true;
  clearTimeout(again);
  try {
    math = await loadAsset("math");
    addStyles("math", math.styles);
    schedule(0);
  } catch {
    loading = false; // no kernel, or a busy one: the sources stand, and are drawn once one answers
    again = setTimeout(load, AGAIN);
  }
}

function schedule(wait: number): void {
  if (!scheduled) setTimeout(work, wait);
  scheduled = true;
}

/** A new task: draw what waits, as much as it may take. */
function work(): void {
  scheduled = false;
  spent = 0;
  while (spent < BUDGET) {
    const node = waiting.pop();
    if (!node) return;
    show(node);
  }
  schedule(PAUSE);
}

function show(node: HTMLElement): void {
  const formula = formulaOf(sources.get(node) ?? "");
  if (!formula || !(node.firstChild instanceof Text)) return;
  const begun = performance.now();
  const drawn = drawing(formula.tex, formula.display);
  if (drawn instanceof Error) {
    node.classList.add("failed");
    node.title = drawn.message;
    node.ariaLabel = `Formula ${formula.tex}. ${drawn.message}`;
  } else {
    node.replaceChildren(drawn);
    node.role = node.ariaLabel = null; // MathML speaks for itself
    if (formula.display) watchWidth(node);
  }
  last = performance.now();
  spent += last - begun;
}

function drawing(tex: string, display: boolean): Element | Error {
  const key = `${display ? "block" : "inline"} ${tex}`;
  let drawn = kept.get(key);
  if (!drawn) {
    try {
      drawn = (math as Module).drawFormula(tex, display);
    } catch (error) {
      drawn = error as Error;
    }
    if (kept.size >= KEPT_MOST) for (const first of [...kept.keys()].slice(0, KEPT_MOST / 2)) kept.delete(first);
    kept.set(key, drawn);
  }
  return drawn instanceof Error ? drawn : (drawn.cloneNode(true) as Element);
}

let widths: ResizeObserver | undefined;

/** A formula wider than its place scrolls, and then by keyboard too; others are no stop of the Tab key. */
function watchWidth(node: HTMLElement): void {
  widths ??= new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target.scrollWidth > target.clientWidth + 1) (target as HTMLElement).tabIndex = 0;
      else target.removeAttribute("tabindex");
    }
  });
  widths.observe(node);
}
