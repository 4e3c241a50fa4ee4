/**
 * Fence: an open code fence at the end of a growing text. It takes lines without lexing them until its closing line.
 *
 * Follows marked's reading of a fence, which follows CommonMark 4.5: the closing run is at least as long as the opening one,
 * of the same character, indented by at most three spaces and followed by nothing but spaces.
 */
import { CodeBlock } from "./codeblock.ts";

const OPENING = /^ {0,3}(`{3,}(?=[^`\n]*\n)|~{3,})([^\n]*)\n/;

export class Fence {
  private open = "";
  private count = 0;
  private readonly closing: RegExp;
  private readonly mayClose: RegExp;
  private readonly indent: number;
  private readonly block: CodeBlock;

  /** Return the fence that begins `source`, shown by `node`, or null if there is none. */
  static open(source: string, node: HTMLElement, language: string): Fence | null {
    const match = OPENING.exec(source);
    const block = CodeBlock.of(node);
    return match && block ? new Fence(match[0], match[1] as string, node, block, language) : null;
  }

  private constructor(
    readonly opening: string,
    run: string,
    readonly node: HTMLElement,
    block: CodeBlock,
    language: string,
  ) {
    const mark = run[0] as string;
    this.closing = new RegExp(`^ {0,3}${mark}{${run.length},} *$`);
    this.mayClose = new RegExp(`^ {0,3}${mark}* *$`);
    this.indent = mark === "`" ? (/^\s+/.exec(opening)?.[0].length ?? 0) : 0;
    this.block = block;
    block.setLanguage(language);
  }

  /** Take text; returns null while the fence is open, else what follows the closing line. */
  feed(text: string): string | null {
    const lines = (this.open + text).split("\n");
    this.open = lines.pop() as string;
    for (const [at, line] of lines.entries()) {
      if (this.closing.test(line)) {
        this.finish();
        return [...lines.slice(at + 1), this.open].join("\n");
      }
      this.block.setLine(this.count++, this.strip(line));
    }
    this.draw(false);
    return null;
  }

  /** Show the line that is not complete yet; one that may become the closing line only at the text's `end`. */
  draw(end: boolean): void {
    const hidden = end ? this.closing.test(this.open) : this.mayClose.test(this.open);
    if (this.open && !hidden) this.block.setLine(this.count, this.strip(this.open));
    else this.block.truncate(this.count);
    if (end && this.count === 1 && this.block.text === "") this.block.truncate(0);
  }

  private finish(): void {
    this.block.truncate(this.count);
    if (this.count === 1 && this.block.text === "") this.block.truncate(0);
  }

  private strip(line: string): string {
    const own = /^\s*/.exec(line)?.[0].length ?? 0;
    return line.slice(Math.min(own, this.indent));
  }
}
