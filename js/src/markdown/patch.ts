/**
 * patch: makes the children of a node show a list of spans, keeping every node that already shows the same kind; and the text
 * of a paragraph, heading or cell that grows, whose beginning is read once and then left alone.
 *
 * Owns the meeting of spans and nodes, which is positional: an answer grows at its end, so earlier nodes nearly always fit.
 */
import { placeNode, removeFrom } from "./dom.ts";
import { inlineKey, makeInline, updateInline } from "./inline.ts";
import { readSpans } from "./reader.ts";
import { LONG, type Names, type Span } from "./spans.ts";

/** What text is drawn with besides itself. */
export interface Context extends Names {
  /** Which address a link may lead to: itself, normalised, or null. */
  link(href: string): string | null;
  /** The text refers to these labels, which nothing defines yet. */
  miss(labels: ReadonlySet<string>, inline: Inline): void;
  /** A reference to a footnote was made. */
  refer(node: HTMLElement, label: string): void;
}

/**
 * Show `spans` as the children of `parent`, beginning at `first`; what is left over goes. Returns the nodes.
 *
 * All nodes are there before the first text is changed: a browser that has nothing else to do sets a text anew as soon as it changes
 * (Chromium), and a second time once nodes have come.
 */
export function patch(parent: Node, spans: readonly Span[], context: Context, first = parent.firstChild): ChildNode[] {
  let at: ChildNode | null = first;
  const nodes = spans.map((span) => {
    const node = placeNode(parent, at, null, inlineKey(span, context), () => makeInline(span, context) as ChildNode);
    at = node.nextSibling;
    return node;
  });
  removeFrom(at);
  for (const [index, span] of spans.entries()) updateInline(nodes[index] as ChildNode, span, context);
  return nodes;
}

const inlines = new WeakMap<Element, Inline>();

/** The inline content of an element. */
export class Inline {
  /** How many labels nothing defined when it was last read. */
  misses = 0;
  private text: string | null = null;
  private task = false;
  /** The beginning of the text that is drawn for good, and the last node that shows it. */
  private settled = "";
  private last: ChildNode | null = null;

  private constructor(private readonly node: Element) {}

  static of(node: Element): Inline {
    let inline = inlines.get(node);
    if (!inline) {
      inline = new Inline(node);
      inlines.set(node, inline);
    }
    return inline;
  }

  show(text: string, context: Context, task = false): void {
    if (text === this.text && task === this.task) return;
    if (task !== this.task || !text.startsWith(this.settled)) this.forget();
    this.text = text;
    this.task = task;
    const { spans, breaks, missing } = readSpans(text, this.settled.length, context, task);
    const nodes = patch(this.node, spans, context, this.last ? this.last.nextSibling : this.node.firstChild);
    this.misses = missing.size;
    if (missing.size) context.miss(missing, this);
    const place = breaks[breaks.length - 1];
    if (!place) return;
    this.settled = text.slice(0, place.at);
    this.last = nodes[place.spans - 1] ?? this.last;
    this.node.classList.toggle("long", place.at > LONG);
  }

  /** Read the text once more: something that it refers to is defined now. */
  refresh(context: Context): void {
    const { text } = this;
    if (text === null) return;
    this.forget();
    this.text = null;
    this.show(text, context, this.task);
  }

  private forget(): void {
    this.settled = "";
    this.last = null;
  }
}
