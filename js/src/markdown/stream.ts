/**
 * MarkdownStream: Markdown that grows at its end, shown as DOM, in time linear in the text.
 *
 * Complete lines are read once, by `Parser`; the line that still grows is read in preview and taken back before more text comes.
 * What is closed is drawn a last time and never looked at again, except that a link definition or footnote further down gives
 * new meaning to earlier `[brackets]`. Streamed piece by piece the result equals that of the whole text (tests/markdown).
 */

import { drawText } from "./draw.ts";
import { Missing } from "./missing.ts";
import { Notes } from "./notes.ts";
import { PAGE, type Pace } from "./pace.ts";
import { Parser } from "./parser.ts";
import type { Context } from "./patch.ts";
import { safeLink } from "./urls.ts";

/** A line of which only this is known may still become anything: it is shown once it is clear what it is. */
const UNCLEAR = /^[ \t>]*(?:[-=*+_#|:~`$ \t]*|\d{1,9}[.)]?|\[[ xX]?\]?)[ \t]*$/;
const UNCLEAR_MOST = 200;

/**
 * A browser lays out a paragraph as a whole with each word that comes. So a huge one is drawn the more rarely the longer it is, and all
 * of it costs in proportion to its length: one of 8,000 characters 30 times a second, one of 32,000 characters 8 times.
 */
const HUGE = 8_000;
const PER_MILLISECOND = 250;

export class MarkdownStream {
  private source = "";
  private undrawn = "";
  /** The line that is not complete yet. */
  private rest = "";
  private carriage = false;
  private ended = false;
  private parser = new Parser();
  private notes: Notes;
  private context: Context;
  private missing = new Missing();

  /** `link` says where a link may lead: see `safeLink`. */
  constructor(
    private readonly root: HTMLElement,
    private readonly pace: Pace = PAGE,
    private readonly link: Context["link"] = safeLink,
  ) {
    this.notes = new Notes(root, this.parser.notes);
    this.context = this.makeContext();
  }

  /** Show `text`: what is new is appended if the old text is its beginning, else everything is drawn afresh. */
  set(text: string, done: boolean): void {
    if (!text.startsWith(this.source)) this.reset();
    this.append(text.slice(this.source.length), !done);
    if (done) this.end();
  }

  /** Take more text; what is `paced` may be drawn a little later, together with all other growing texts of the page. */
  append(delta: string, paced = true): void {
    if (!delta) return;
    if (this.ended) this.reopen();
    this.source += delta;
    this.undrawn += this.normalise(delta);
    if (!this.undrawn) return;
    if (paced) this.pace.run(this.flush);
    else this.flush();
  }

  /** No more text comes: the last line counts as complete. Appending afterwards goes on as if not ended. */
  end(): void {
    this.flush();
    if (this.ended) return;
    this.ended = true;
    this.parser.back();
    if (this.rest) this.parser.line(this.rest);
    this.parser.finish();
    this.draw();
  }

  private reset(): void {
    this.pace.forget(this.flush);
    this.root.replaceChildren();
    this.source = this.undrawn = this.rest = "";
    this.carriage = this.ended = false;
    this.parser = new Parser();
    this.notes = new Notes(this.root, this.parser.notes);
    this.missing = new Missing();
    this.context = this.makeContext();
  }

  /** Go on behind what was the end. Definitions cannot be taken back: with some in the last line, all is drawn afresh. */
  private reopen(): void {
    this.ended = false;
    if (this.parser.defines) {
      const { source } = this;
      this.reset();
      this.append(source, false);
    }
  }

  private makeContext(): Context {
    const { missing, notes, parser } = this;
    return {
      links: parser.links,
      notes: parser.notes,
      link: this.link,
      refer: (node, label) => notes.refer(node, label),
      miss: (labels, inline) => missing.add(labels, inline),
    };
  }

  /** Line ends become "\n"; a "\r" at the end of a piece waits for what follows it. NUL is no character (CommonMark 2.3). */
  private normalise(delta: string): string {
    let text = this.carriage ? `\r${delta}` : delta;
    this.carriage = text.endsWith("\r");
    if (this.carriage) text = text.slice(0, -1);
    return text.replace(/\r\n?/g, "\n").replaceAll("\0", "\ufffd");
  }

  /** Draw what has come since the last time; returns for how many milliseconds more should wait. */
  private readonly flush = (): number => {
    this.pace.forget(this.flush);
    if (!this.undrawn) return 0;
    this.parser.back();
    const lines = (this.rest + this.undrawn).split("\n");
    this.undrawn = "";
    this.rest = lines.pop() as string;
    for (const line of lines) this.parser.line(line);
    this.parser.mark();
    if (this.rest && !isUnclear(this.rest)) this.parser.preview(this.rest);
    this.draw();
    const { length } = this.parser.tip.text;
    return length > HUGE ? length / PER_MILLISECOND : 0;
  };

  private draw(): void {
    const { context, notes, parser } = this;
    drawText(this.root, parser.root, context, notes);
    for (const label of parser.defined.splice(0)) this.missing.define(label);
    this.missing.settle(context, this.ended);
    notes.settle(this.ended);
  }
}

function isUnclear(line: string): boolean {
  return line.length < UNCLEAR_MOST && UNCLEAR.test(line);
}
