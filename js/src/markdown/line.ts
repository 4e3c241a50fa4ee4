/**
 * Line: one line of Markdown while its block structure is read: where the reader stands, in characters and in columns.
 *
 * Tabs count to the next multiple of four columns and may be used up in part (CommonMark 2.2).
 */

const TAB = 4;

export class Line {
  /** The next character, and its column. */
  at = 0;
  column = 0;
  /** The next character that is no blank, and how many columns lie before it. */
  next = 0;
  indent = 0;
  private tabbed = false;

  constructor(readonly text: string) {
    this.look();
  }

  get blank(): boolean {
    return this.next >= this.text.length;
  }

  /** Whether this line is indented code rather than anything that a marker begins. */
  get indented(): boolean {
    return this.indent >= TAB;
  }

  /** The character that is looked at once the indentation is skipped; "" at the end. */
  get mark(): string {
    return this.text[this.next] ?? "";
  }

  /** What is left, without its indentation. */
  get content(): string {
    return this.text.slice(this.next);
  }

  /** What is left, with its indentation; the rest of a tab used up in part becomes spaces. */
  get rest(): string {
    if (!this.tabbed) return this.text.slice(this.at);
    return " ".repeat(TAB - (this.column % TAB)) + this.text.slice(this.at + 1);
  }

  get atBlank(): boolean {
    const next = this.text[this.at];
    return next === " " || next === "\t";
  }

  /** Go on by so many characters. */
  skip(count: number): void {
    for (let n = 0; n < count && this.at < this.text.length; n++) {
      this.column += this.text[this.at] === "\t" ? TAB - (this.column % TAB) : 1;
      this.at++;
      this.tabbed = false;
    }
    this.look();
  }

  /** Go on by so many columns of blanks. */
  skipColumns(count: number): void {
    let left = count;
    while (left > 0 && this.at < this.text.length) {
      const width = this.text[this.at] === "\t" ? TAB - (this.column % TAB) : 1;
      this.tabbed = width > left;
      this.column += Math.min(width, left);
      if (!this.tabbed) this.at++;
      left -= width;
    }
    this.look();
  }

  skipIndent(): void {
    this.skipTo(this.next, this.column + this.indent);
  }

  skipTo(at: number, column: number): void {
    this.at = at;
    this.column = column;
    this.tabbed = false;
    this.look();
  }

  private look(): void {
    let { at, column } = this;
    for (; at < this.text.length; at++) {
      if (this.text[at] === " ") column++;
      else if (this.text[at] === "\t") column += TAB - (column % TAB);
      else break;
    }
    this.next = at;
    this.indent = column - this.column;
  }
}
