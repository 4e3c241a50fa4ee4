/**
 * MarkdownStream: Markdown that grows at its end, shown as DOM, in time linear in the text.
 *
 * Only the open tail is lexed again when text arrives. Which blocks are finished is decided on complete lines alone:
 * everything but the last token that is no blank space is final, is drawn a last time and never looked at again, except
 * that a link definition further down gives new meaning to earlier `[brackets]`. An open code fence takes its lines
 * without any lexing. Streamed piece by piece the result equals that of the whole text at once (tests/markdown).
 */
import type { Token } from "marked";
import { languageOf } from "./blocks.ts";
import { element, removeFrom, setText } from "./dom.ts";
import { Fence } from "./fence.ts";
import { type Links, lex, lexBlocks } from "./lex.ts";
import { PAGE, type Pace } from "./pace.ts";
import { type Context, patch } from "./patch.ts";

/** A finished block that a new link definition may change, and the node that shows it. */
interface Reopenable {
  raw: string;
  node: ChildNode;
}

export class MarkdownStream {
  private source = "";
  private tail = "";
  private fence: Fence | null = null;
  private carriage = false;
  private closed: ChildNode | null = null;
  private links: Links = {};
  private linkKey = "";
  private readonly context: Context = { links: 0, depth: 0 };
  private readonly reopenable: Reopenable[] = [];
  private undrawn = "";
  private literal: Text | null = null;

  constructor(
    private readonly root: HTMLElement,
    private readonly pace: Pace = PAGE,
  ) {}

  /** Show `text`: what is new is appended if the old text is its beginning, else everything is drawn afresh. */
  set(text: string, done: boolean): void {
    if (!text.startsWith(this.source)) this.reset();
    this.append(text.slice(this.source.length), !done);
    if (done) this.end();
  }

  /** Take more text; what is `paced` may be drawn a little later, together with all other growing texts of the page. */
  append(delta: string, paced = true): void {
    if (!delta) return;
    this.source += delta;
    const text = this.normalise(delta);
    if (!text) return;
    if (this.fence) this.feed(text);
    else this.grow(text, paced);
  }

  /** No more text comes: definitions in the last line count as well. Appending afterwards goes on as if not ended. */
  end(): void {
    this.flush();
    this.fence?.draw(true);
    if (!this.fence && !this.literal) this.attempt(() => this.relink(lexBlocks(this.tail, this.links).links));
  }

  private reset(): void {
    this.pace.forget(this.flush);
    this.root.replaceChildren();
    Object.assign(this, {
      source: "",
      tail: "",
      undrawn: "",
      fence: null,
      carriage: false,
      closed: null,
      links: {},
      linkKey: "",
    });
    this.reopenable.length = 0;
  }

  /** Line ends become "\n"; a "\r" at the end of a piece waits for what follows it. */
  private normalise(delta: string): string {
    let text = this.carriage ? `\r${delta}` : delta;
    this.carriage = text.endsWith("\r");
    if (this.carriage) text = text.slice(0, -1);
    return text.replace(/\r\n?/g, "\n");
  }

  private grow(text: string, paced = true): void {
    this.undrawn += text;
    if (paced) this.pace.run(this.flush);
    else this.flush();
  }

  /** Draw what has come since the last time. */
  private readonly flush = (): void => {
    this.pace.forget(this.flush);
    const text = this.undrawn;
    if (!text) return;
    this.undrawn = "";
    this.tail += text;
    if (this.literal) setText(this.literal, this.tail);
    else
      this.attempt(() => {
        const nodes = this.draw();
        if (text.includes("\n")) this.close(nodes);
      });
  };

  /** Do what may fail on hostile text (thousands of nested quotes exhaust the stack): the rest is then shown as it is. */
  private attempt(action: () => void): void {
    try {
      action();
    } catch (error) {
      console.warn("nbchat: this text is shown as it is", error);
      removeFrom(this.closed ? this.closed.nextSibling : this.root.firstChild);
      const rest = element("p", "literal", this.tail);
      this.root.append(rest);
      this.literal = rest.firstChild as Text;
    }
  }

  private draw(): Map<Token, ChildNode> {
    const { tokens } = lex(this.tail, this.links);
    const shown = topLevel(tokens);
    const nodes = patch(this.root, shown, this.context, this.closed ? this.closed.nextSibling : this.root.firstChild);
    return new Map(shown.map((token, at) => [token, nodes[at] as ChildNode]));
  }

  /** Freeze what complete lines have decided. */
  private close(drawn: Map<Token, ChildNode>): void {
    const complete = this.tail.slice(0, this.tail.lastIndexOf("\n") + 1);
    const { tokens, links } = lexBlocks(complete, this.links);
    const last = firstOpen(tokens);
    const final = tokens.slice(0, last);
    const nodes = drawn.values();
    let length = 0;
    for (const token of final) {
      length += token.raw.length;
      if (token.type !== "space" && token.type !== "def") this.freeze(token.raw, nodes.next().value as ChildNode);
    }
    this.links = lexBlocks(this.tail.slice(0, length), this.links).links;
    this.tail = this.tail.slice(length);
    this.relink(links);
    this.openFence(tokens[last], nodes.next().value);
  }

  private freeze(raw: string, node: ChildNode): void {
    this.closed = node;
    if (raw.includes("[")) this.reopenable.push({ raw, node });
  }

  /** Read finished blocks again if the definitions known by complete lines are others than before. */
  private relink(links: Links): void {
    const key = JSON.stringify(links);
    if (key === this.linkKey || (key === "{}" && this.linkKey === "")) return;
    this.linkKey = key;
    this.context.links++;
    for (const block of this.reopenable) {
      const shown = topLevel(lex(block.raw, links).tokens);
      const holder = document.createDocumentFragment();
      const after = block.node.nextSibling;
      const wasLast = this.closed === block.node;
      holder.append(block.node);
      const [node] = patch(holder, shown, this.context);
      this.root.insertBefore(holder, after);
      if (node) block.node = node;
      if (wasLast && node) this.closed = node;
    }
    if (this.tail) this.draw();
  }

  private openFence(last: Token | undefined, node: ChildNode | undefined): void {
    if (last?.type !== "code" || !node) return;
    const fence = Fence.open(this.tail, node as HTMLElement, languageOf("lang" in last ? last.lang : ""));
    if (!fence) return;
    this.fence = fence;
    const body = this.tail.slice(fence.opening.length);
    this.tail = "";
    this.feed(body);
  }

  private feed(text: string): void {
    const rest = this.fence?.feed(text);
    if (rest === undefined || rest === null) return;
    this.closed = (this.fence as Fence).node;
    this.fence = null;
    if (rest) this.grow(rest);
  }
}

/**
 * Which of the tokens of complete lines is the first that more lines may change: the last one that is no blank space, or
 * a link definition right before it, if that may turn out to be the definition's title.
 */
function firstOpen(tokens: readonly Token[]): number {
  const last = Math.max(
    tokens.findLastIndex((token) => token.type !== "space"),
    0,
  );
  const before = tokens[last - 1];
  const title = before?.type === "def" && !before.raw.endsWith("\n\n") && /^\s*["'(]/.test(tokens[last]?.raw ?? "");
  return title ? last - 1 : last;
}

/** Tokens that make nodes. Text outside any paragraph (after a broken construct) is a paragraph of its own. */
function topLevel(tokens: readonly Token[]): Token[] {
  return tokens
    .filter((token) => token.type !== "space" && token.type !== "def")
    .map((token) => (token.type === "text" ? ({ ...token, type: "paragraph" } as Token) : token));
}
