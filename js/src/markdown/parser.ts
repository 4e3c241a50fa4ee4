/**
 * Parser: reads Markdown line by line into a tree of blocks, as CommonMark's appendix describes it. A line is read once and never
 * again, so a list of any length costs what its lines cost.
 *
 * Owns the tree and the definitions found in it. A line that is not complete yet is read in preview and taken back before the
 * next text is: `mark` remembers the open end of the tree, `back` restores it. Must not know the DOM.
 */
import { Line } from "./line.ts";
import { type Definition, readDefinition } from "./links.ts";
import { endsMath } from "./math.ts";
import { type Builder, begin, skipQuoteMark } from "./starts.ts";
import { type Block, isContainer, isVerbatim, makeBlock, openChild } from "./tree.ts";

interface Mark {
  block: Block;
  copy: Block;
  children: number;
  lines: number;
}

export class Parser implements Builder {
  readonly root = makeBlock("document", 0, 1);
  readonly links = new Map<string, Definition>();
  readonly notes = new Map<string, Block>();
  /** What was defined since this list was last emptied: labels of links, and of footnotes with "^" before them. */
  readonly defined: string[] = [];
  lazy = false;
  private number = 0;
  private path: Block[] = [];
  private marks: Mark[] = [];
  private marked = { number: 0, names: 0 };
  private changed = false;
  private trial = false;

  /** The innermost block that further lines may belong to. */
  get tip(): Block {
    return this.openPath().pop() as Block;
  }

  /** Whether something was defined since the last mark. */
  get defines(): boolean {
    return this.links.size + this.notes.size > this.marked.names;
  }

  /** Read one complete line, without its end. */
  line(text: string): void {
    this.number++;
    this.changed = true;
    const line = new Line(text);
    this.path = [this.root];
    const done = this.descend(line);
    const blank = line.blank && !done;
    if (!done) this.extend(line);
    this.reach(blank);
  }

  /** Read a line that may still grow; defines nothing. */
  preview(text: string): void {
    this.trial = true;
    this.line(text);
    this.trial = false;
  }

  /** The text ends here. */
  finish(): void {
    this.changed = true;
    for (const block of this.openPath().reverse()) this.close(block);
  }

  /** Remember the tree's open end; what is closed now is final. */
  mark(): void {
    this.changed = false;
    this.marked = { number: this.number, names: this.links.size + this.notes.size };
    this.marks = this.openPath().map((block) => {
      block.sure = block.children.length - (openChild(block) ? 1 : 0);
      block.sureLines = block.lines.length;
      return { block, copy: { ...block }, children: block.children.length, lines: block.lines.length };
    });
  }

  /** Restore what was remembered; the view that `draw` keeps with a block stays. */
  back(): void {
    if (!this.changed) return;
    this.changed = false;
    this.number = this.marked.number;
    for (const { block, copy, children, lines } of this.marks) {
      Object.assign(block, copy, { view: block.view });
      block.children.length = children;
      block.lines.length = lines;
    }
  }

  add(container: Block, kind: Block["kind"]): Block {
    this.closeBelow(container);
    while (!takes(container, kind)) {
      this.close(container);
      this.path.pop();
      container = this.path[this.path.length - 1] as Block;
    }
    const child = makeBlock(kind, container.depth + 1, this.number);
    const before = container.children[container.children.length - 1];
    if (before && before.to < this.number - 1) this.loosen(container);
    container.children.push(child);
    this.path.push(child);
    return child;
  }

  close(block: Block): void {
    block.open = false;
    if (block.kind === "paragraph") this.settle(block);
  }

  settle(paragraph: Block): boolean {
    this.takeDefinitions(paragraph, false);
    return paragraph.text.slice(paragraph.skip).trim() !== "";
  }

  note(block: Block): void {
    if (this.trial || this.notes.has(block.text)) return;
    this.notes.set(block.text, block);
    this.defined.push(`^${block.text}`);
  }

  /** Find the blocks that the line continues; returns whether that is all there is to it. */
  private descend(line: Line): boolean {
    for (let child = openChild(this.root); child; child = openChild(child)) {
      const how = continues(child, line);
      if (how === "no") break;
      this.path.push(child);
      if (how === "ends") {
        this.close(child);
        return true;
      }
    }
    return false;
  }

  /** Put into the tree what the line brings beyond what it continues. */
  private extend(line: Line): void {
    let block = this.path[this.path.length - 1] as Block;
    const { tip } = this;
    this.lazy = tip !== block && tip.kind === "paragraph" && !line.blank;
    if (!isVerbatim(block)) {
      let begun = begin(line, block, this);
      while (begun) {
        block = begun;
        this.lazy = false;
        begun = isContainer(block) ? begin(line, block, this) : null;
      }
    }
    if (this.lazy) {
      this.path = this.openPath();
      this.addText(tip, line);
      return;
    }
    this.closeBelow(block);
    if (isContainer(block)) {
      if (!line.blank) this.addText(this.add(block, "paragraph"), line);
    } else if (block.open) this.addLine(block, line);
  }

  private addLine(block: Block, line: Line): void {
    if (block.kind === "paragraph") this.addText(block, line);
    else if (block.from === this.number && (block.marker || block.kind === "math" || block.kind === "table")) return;
    else if (block.kind === "table") {
      if (line.at < line.text.length) block.lines.push(line.content);
    } else {
      const text = line.rest;
      block.lines.push(text);
      if (block.kind === "code" && text.trim()) block.size = block.marker ? block.size : block.lines.length;
      if (block.end?.test(text) || (block.kind === "math" && endsMath(text))) this.close(block);
    }
  }

  private addText(paragraph: Block, line: Line): void {
    const first = paragraph.text === "";
    if (!first && paragraph.skip === paragraph.text.length) paragraph.skip++;
    paragraph.text += first ? line.content : `\n${line.content}`;
    if (first) paragraph.marker = line.mark;
    this.takeDefinitions(paragraph, true);
  }

  /** Read the definitions at a paragraph's beginning, or only those that no further line can change. */
  private takeDefinitions(paragraph: Block, sureOnly: boolean): void {
    while (paragraph.marker === "[" && paragraph.text[paragraph.skip] === "[") {
      const read = readDefinition(paragraph.text, paragraph.skip);
      if (!read || (sureOnly && !read.sure)) return;
      paragraph.skip = read.end;
      if (this.trial || this.links.has(read.label)) continue;
      this.links.set(read.label, { href: read.href, title: read.title });
      this.defined.push(read.label);
    }
  }

  /** A blank line lies between two children of `container`. */
  private loosen(container: Block): void {
    if (container.kind === "list") container.loose = true;
    const list = this.path[this.path.length - 2];
    if (container.kind === "item" && list) list.loose = true;
  }

  /** The line belongs to every block of the path; a blank one only to quotes that it continues, and to verbatim text. */
  private reach(blank: boolean): void {
    let count = this.path.length;
    const last = this.path[count - 1] as Block;
    if (blank && !(isVerbatim(last) && (last.marker || last.end)))
      count = this.path.findLastIndex((block) => block.kind === "quote" || block.from === this.number) + 1;
    for (let at = 0; at < count; at++) (this.path[at] as Block).to = this.number;
  }

  private closeBelow(block: Block): void {
    const below: Block[] = [];
    for (let child = openChild(block); child; child = openChild(child)) below.push(child);
    for (const each of below.reverse()) this.close(each);
    this.path.length = this.path.indexOf(block) + 1;
  }

  private openPath(): Block[] {
    const path = [this.root];
    for (let child = openChild(this.root); child; child = openChild(child)) path.push(child);
    return path;
  }
}

function takes(container: Block, kind: Block["kind"]): boolean {
  return isContainer(container) && (container.kind === "list") === (kind === "item");
}

/** Whether the line continues the block, and uses up its markers; "ends" if the line is the block's end. */
function continues(block: Block, line: Line): "yes" | "no" | "ends" {
  switch (block.kind) {
    case "quote":
      if (line.indented || line.mark !== ">") return "no";
      line.skipIndent();
      skipQuoteMark(line);
      return "yes";
    case "list":
      return "yes";
    case "item":
    case "note":
      if (line.blank && block.children.length) line.skipIndent();
      else if (!line.blank && line.indent >= block.size) line.skipColumns(block.size);
      else return "no";
      return "yes";
    case "code":
      return block.marker ? continuesFence(block, line) : continuesIndented(line);
    case "html":
      return line.blank && !block.end ? "no" : "yes";
    case "paragraph":
    case "table":
    case "math":
      return line.blank ? "no" : "yes";
    default:
      return "no";
  }
}

function continuesFence(block: Block, line: Line): "yes" | "ends" {
  if (!line.indented && line.mark === block.marker) {
    const run = line.content.trimEnd();
    if (run.length >= block.size && run === block.marker.repeat(run.length)) return "ends";
  }
  line.skipColumns(Math.min(block.indent, line.indent));
  return "yes";
}

function continuesIndented(line: Line): "yes" | "no" {
  if (line.indented) line.skipColumns(4);
  else if (line.blank) line.skipIndent();
  else return "no";
  return "yes";
}
