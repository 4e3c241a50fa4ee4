/**
 * Spans: what inline text consists of, and how the pieces that a reader found are put together as a tree.
 *
 * Must not know how text is read (`reader`), nor the DOM.
 */
import type { Run, Wrap } from "./emphasis.ts";
import type { Definition } from "./links.ts";

export type Span =
  | { type: "text" | "code" | "math" | "html"; text: string }
  | { type: "break" | "wbr" }
  | { type: "checkbox"; checked: boolean }
  | { type: Wrap; spans: Span[] }
  | { type: "link"; href: string; title: string; spans: Span[] }
  | { type: "image"; href: string; title: string; text: string }
  | { type: "note"; label: string };

export interface Spans {
  spans: Span[];
  /** Places in the text that nothing reaches across, each with the number of spans before it. */
  breaks: { at: number; spans: number }[];
  /** Labels that are used and have no definition. */
  missing: ReadonlySet<string>;
}

/** What references refer to. */
export interface Names {
  links: ReadonlyMap<string, Definition>;
  notes: ReadonlyMap<string, unknown>;
}

/** What a reader finds, in the order of the text. */
export type Item =
  | { kind: "span"; span: Span }
  | { kind: "run"; run: Run }
  | { kind: "open"; text: string; link: Target | null }
  | { kind: "close" }
  | { kind: "place"; at: number };

export type Target = Definition & { image: boolean };

/** A text of so many characters is long. */
export const LONG = 2_000;

/** Deeper emphasis and links are read, but not shown as such. */
const DEPTH_MOST = 50;

/** Put pieces together. */
export function build(items: readonly Item[], missing: ReadonlySet<string>): Spans {
  const builder = new Builder();
  for (const item of items) {
    if (item.kind === "span") builder.add(item.span);
    else if (item.kind === "run") builder.run(item.run);
    else if (item.kind === "place") builder.place(item.at);
    else if (item.kind === "close") builder.leave();
    else if (item.link) builder.enterLink(item.link);
    else builder.add({ type: "text", text: item.text });
  }
  return { spans: builder.spans, breaks: builder.breaks, missing };
}

/** Builds the tree of spans; joins texts that touch. */
class Builder {
  readonly spans: Span[] = [];
  readonly breaks: Spans["breaks"] = [];
  private readonly stack: { spans: Span[]; image: (Span & { type: "image" }) | null; link: boolean }[] = [
    { spans: this.spans, image: null, link: false },
  ];
  private fresh = true;

  private get top() {
    return this.stack[this.stack.length - 1] as (typeof this.stack)[number];
  }

  add(span: Span): void {
    const { spans } = this.top;
    const last = spans[spans.length - 1];
    if (span.type === "text" && last?.type === "text" && !this.fresh) last.text += span.text;
    else if (span.type === "text") spans.push({ ...span });
    else if (span.type === "link" && this.stack.some((level) => level.link)) {
      for (const each of span.spans) this.add(each); // no link stands in another one
    } else spans.push(span);
    this.fresh = false;
  }

  run(run: Run): void {
    for (let n = 0; n < run.closes; n++) this.leave();
    if (run.left) this.add({ type: "text", text: run.char.repeat(run.left) });
    for (const type of [...run.opens].reverse()) this.enter({ type, spans: [] }, false);
  }

  enterLink(target: Target): void {
    const { href, title } = target;
    if (target.image) {
      const image: Span = { type: "image", href, title, text: "" };
      this.top.spans.push(image);
      this.stack.push({ spans: [], image, link: false });
    } else this.enter({ type: "link", href, title, spans: [] }, true);
  }

  leave(): void {
    const { spans, image } = this.stack.pop() as (typeof this.stack)[number];
    if (image) image.text = plainText(spans);
    this.fresh = false;
  }

  /**
   * Nothing reaches across this place, which is behind a blank. In a long text it is marked as one where a line may end, which it is
   * anyway: browsers set the text between two such marks by itself, and would else set all of it with each word that comes.
   */
  place(at: number): void {
    if (at > LONG) this.spans.push({ type: "wbr" });
    this.breaks.push({ at, spans: this.spans.length });
    this.fresh = true;
  }

  private enter(span: Span & { spans: Span[] }, link: boolean): void {
    if (this.stack.length > DEPTH_MOST) {
      this.stack.push({ ...this.top, image: null });
      return;
    }
    this.top.spans.push(span);
    this.stack.push({ spans: span.spans, image: null, link });
  }
}

/** The text of spans without what marks it. */
export function plainText(spans: readonly Span[]): string {
  return spans
    .map((span) => {
      if ("spans" in span) return plainText(span.spans);
      if (span.type === "break") return "\n";
      return "text" in span ? span.text : "";
    })
    .join("");
}
