/**
 * CodeBlock: a frame with the language, a copy button and the code, one element per line, so that a growing block costs
 * only its last line.
 *
 * Each line keeps the tokenizer's state at its end; a line is looked at again only if it, or the state before it, changed.
 */
import { type LineState, START, tokenizerFor } from "../highlight/tokenizer.ts";
import { element } from "./dom.ts";

interface Line {
  text: string;
  node: HTMLElement;
  before: LineState;
  after: LineState;
}

const blocks = new WeakMap<Element, CodeBlock>();

export class CodeBlock {
  readonly root = element("div", "code");
  private readonly label = element("span", "lang", "code");
  private readonly code = element("code");
  private readonly lines: Line[] = [];
  private language = "";

  /** The block that made this element, if one did. */
  static of(root: Element): CodeBlock | undefined {
    return blocks.get(root);
  }

  constructor() {
    const head = element("div", "code-head");
    const copy = element("button", "copy", "Copy");
    copy.type = "button";
    copy.dataset.copy = "";
    head.append(this.label, copy);
    const frame = element("pre");
    frame.tabIndex = 0; // long lines scroll sideways, by keyboard too
    frame.append(this.code);
    this.root.append(head, frame);
    blocks.set(this.root, this);
  }

  /** The code as text, without a newline at its end. */
  get text(): string {
    return this.lines.map((line) => line.text).join("\n");
  }

  setLanguage(language: string): void {
    if (language === this.language) return;
    this.language = language;
    this.label.textContent = language || "code";
    const texts = this.lines.map((line) => line.text);
    this.truncate(0);
    texts.forEach((text, at) => {
      this.setLine(at, text);
    });
  }

  setText(text: string): void {
    const texts = text === "" ? [] : text.split("\n");
    texts.forEach((each, at) => {
      this.setLine(at, each);
    });
    this.truncate(texts.length);
  }

  /** Set line number `at` (one past the last one appends). */
  setLine(at: number, text: string): void {
    const before = at === 0 ? START : (this.lines[at - 1]?.after ?? START);
    let line = this.lines[at];
    if (line && line.text === text && line.before === before) return;
    if (!line) {
      line = { text, node: element("span", "line"), before, after: START };
      this.code.append(line.node);
      this.lines[at] = line;
    }
    line.text = text;
    line.before = before;
    line.after = paint(line.node, text, this.language, before);
  }

  truncate(count: number): void {
    for (const line of this.lines.splice(count)) line.node.remove();
  }
}

function paint(node: HTMLElement, text: string, language: string, before: LineState): LineState {
  const tokenize = tokenizerFor(language);
  if (!tokenize) {
    node.textContent = `${text}\n`;
    return START;
  }
  const { spans, state } = tokenize(text, before);
  node.replaceChildren(
    ...spans.map(({ text: piece, style }) => (style ? element("span", `t-${style}`, piece) : piece)),
    "\n",
  );
  return state;
}
