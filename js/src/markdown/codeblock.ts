/**
 * CodeBlock: a frame with the language, what can be done with it and the code, one element per line, so that a growing block costs
 * only its last line. Lines stand in groups, the first ones in the code itself: the browser lays out and paints but the last group
 * anew.
 *
 * Each line keeps the tokenizer's state at its end; a line is looked at again only if it, or the state before it, changed.
 */
import { type LineState, START, tokenizerFor, whenKnown } from "../highlight/tokenizer.ts";
import { element } from "./dom.ts";
import { isWrapped } from "./wrapping.ts";

interface Line {
  text: string;
  node: HTMLElement;
  before: LineState;
  after: LineState;
}

/** So long a block may be higher than its window: its head stays in sight. Shorter ones have none that the browser must watch. Lines. */
const LONG = 16;

/** So many lines stand in one group. */
const GROUP = 32;

/** When a language comes late, so many lines are coloured in one task. */
const SLICE = 150;

/** What a kernel that has nbchat can run. */
const PYTHON = /^(?:i?python|py)3?$/i;

const blocks = new WeakMap<Element, CodeBlock>();

export class CodeBlock {
  readonly root = element("div", "code");
  private readonly label = element("span", "lang", "code");
  private readonly code = element("code");
  private readonly lines: Line[] = [];
  /** As written behind the fence. */
  language = "";

  /** The block that made this element, if one did. */
  static of(root: Element): CodeBlock | undefined {
    return blocks.get(root);
  }

  constructor() {
    const head = element("div", "code-head");
    const wrap = actionButton("wrap", "Wrap");
    wrap.ariaPressed = String(isWrapped());
    wrap.title = "Wrap long lines";
    const replace = actionButton("replace", "Replace above");
    replace.title = "Put this in place of the code in the cell above; undo it there";
    const run = actionButton("run", "Run");
    run.title = "Run this in a new cell, once you have agreed";
    head.append(this.label, wrap, replace, actionButton("insert", "Insert below"), run, actionButton("copy", "Copy"));
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
    this.root.classList.toggle("python", PYTHON.test(language));
    const texts = this.lines.map((line) => line.text);
    this.truncate(0);
    texts.forEach((text, at) => {
      this.setLine(at, text);
    });
    whenKnown(language, () => this.repaint(language));
  }

  /** Colour all lines from the first one, now that the language is known. */
  private repaint(language: string, from = 0): void {
    if (language !== this.language) return;
    for (const [at, line] of this.lines.slice(from, from + SLICE).entries()) {
      line.before = this.lines[from + at - 1]?.after ?? START;
      line.after = paint(line.node, line.text, language, line.before);
    }
    if (from + SLICE < this.lines.length) setTimeout(() => this.repaint(language, from + SLICE));
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
      this.groupOf(at).append(line.node);
      this.lines[at] = line;
      if (at === LONG - 1) this.root.classList.add("long");
    }
    line.text = text;
    line.before = before;
    line.after = paint(line.node, text, this.language, before);
  }

  truncate(count: number): void {
    for (const { node } of this.lines.splice(count)) {
      const group = node.parentElement as HTMLElement;
      node.remove();
      if (group !== this.code && !group.firstChild) group.remove();
    }
    if (count < LONG) this.root.classList.remove("long");
  }

  /** Where line number `at` is put, behind all lines before it. */
  private groupOf(at: number): HTMLElement {
    if (at > 0 && at % GROUP === 0) return this.code.appendChild(element("span", "lines"));
    return this.lines[at - 1]?.node.parentElement ?? this.code;
  }
}

/** A button on an answer's content; what it does is decided where its click arrives (views/content). */
export function actionButton(does: string, label: string): HTMLButtonElement {
  const button = element("button", "copy", label);
  button.type = "button";
  button.dataset.do = does;
  return button;
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
