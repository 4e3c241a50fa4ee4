/**
 * Reader: reads inline text from left to right (CommonMark 6, GFM's additions, footnote references, math).
 *
 * A text may be read from any place on that nothing reaches across; the reader names such places as it goes. Must not know the
 * DOM; what it finds is put together by `spans`.
 */
import { readAngle } from "./angles.ts";
import { ADDRESS, MAIL_ADDRESS, readAddress, readMail } from "./autolink.ts";
import { Ticks } from "./codespan.ts";
import { Emphasis, makeRun } from "./emphasis.ts";
import { decode } from "./entities.ts";
import { type Definition, match, normalise, readLabel, readTarget } from "./links.ts";
import { mathAt } from "./math.ts";
import { build, type Item, type Names, type Span, type Spans } from "./spans.ts";

interface Bracket {
  item: number;
  /** Behind the bracket. */
  at: number;
  image: boolean;
  active: boolean;
  height: number;
  /** Whether another bracket opened inside it: it is no label then. */
  nested: boolean;
}

/**
 * What opens further before its end than this is text: without a bound, one lone backtick at the beginning of a long paragraph
 * would have all of it read again with every word that comes. Characters.
 */
const REACH = 4_200;
/** Text is cut into pieces of about this many characters where that is safe, so that a growing one costs only its end. */
const PIECE = 400;
const LABEL_MOST = 999;

const SPECIAL = new RegExp(`[\\\\\`*_~[\\]<&$!\\n]|${ADDRESS}`, "giu");
const SPECIAL_MAIL = new RegExp(`[\\\\\`*_~[\\]<&$!\\n]|${ADDRESS}|${MAIL_ADDRESS}`, "giu");
const REFERENCE = /&(?:#\d{1,7}|#[xX][\da-fA-F]{1,6}|[A-Za-z][A-Za-z\d]*);/y;
const DOLLAR = /\$(?:\\[\s\S]|[^\\$\n]){0,4200}(?:\$[\s\S]?|\\$)?/y;
const ESCAPED = /[!-/:-@[-`{-~]/;
const TASK = /^\[([ xX])\](?=\s)/;

/** Read `text` from `from` on; a `task` may begin with a box. */
export function readSpans(text: string, from: number, names: Names, task = false): Spans {
  return new Reader(text, from, names).read(task);
}

class Reader {
  private at: number;
  private readonly items: Item[] = [];
  private readonly brackets: Bracket[] = [];
  private readonly emphasis = new Emphasis();
  private readonly missing = new Set<string>();
  private piece: number;
  /** Up to where text may give another meaning to something that was found. */
  private unsure = 0;
  private ticks: Ticks | null = null;
  /** What is known not to occur from here on. */
  private readonly absent = new Set<string>();
  private readonly special: RegExp;

  constructor(
    private readonly text: string,
    from: number,
    private readonly names: Names,
  ) {
    this.at = from;
    this.piece = from;
    this.special = text.includes("@", from) ? SPECIAL_MAIL : SPECIAL;
  }

  read(task: boolean): Spans {
    const box = task ? TASK.exec(this.text) : null;
    if (box && this.at === 0) {
      this.span({ type: "checkbox", checked: box[1] !== " " });
      this.at = 3;
    }
    while (this.at < this.text.length) this.next();
    this.emphasis.match(0);
    return build(this.items, this.missing);
  }

  private next(): void {
    const { text, special } = this;
    special.lastIndex = this.at;
    const found = special.exec(text);
    const end = found ? found.index : text.length;
    if (end > this.at) this.plain(end);
    if (!found) return;
    const mark = found[0];
    if (mark.length > 1) this.address(mark);
    else this.mark(mark);
  }

  private mark(mark: string): void {
    if (mark === "\n") this.lineEnd();
    else if (mark === "\\") this.escape();
    else if (mark === "`") this.code();
    else if (mark === "*" || mark === "_" || mark === "~") this.run(mark);
    else if (mark === "[") this.open(1);
    else if (mark === "!" && this.text[this.at + 1] === "[") this.open(2);
    else if (mark === "]") this.close();
    else if (mark === "<") this.angle();
    else if (mark === "&") this.reference();
    else if (mark !== "$" || !this.math()) this.take(1);
  }

  private span(span: Span): void {
    this.items.push({ kind: "span", span });
  }

  private say(text: string): void {
    if (text) this.span({ type: "text", text });
  }

  /** Take the next characters as they are. */
  private take(count: number): void {
    this.say(this.text.slice(this.at, this.at + count));
    this.at += count;
  }

  /** Plain text up to `end`, cut into pieces where nothing is open. */
  private plain(end: number): void {
    while (end - this.piece > PIECE) {
      const blank = /\s(?=\S)/g;
      blank.lastIndex = Math.max(this.at, this.piece + PIECE);
      const found = blank.exec(this.text.slice(0, end + 1));
      if (!found) break;
      this.piece = found.index + 1;
      if (!this.isSafe(this.piece)) continue;
      this.take(this.piece - this.at);
      this.items.push({ kind: "place", at: this.piece });
    }
    if (end > this.at) this.take(end - this.at);
  }

  /** Whether nothing reaches across a place; what opened too far before it is given up. */
  private isSafe(place: number): boolean {
    const since = place - REACH;
    while (this.brackets[0] && this.brackets[0].at < since) this.brackets.shift();
    if (this.brackets.length || this.unsure > place) return false;
    this.emphasis.match(0);
    return this.emphasis.forget(since) === 0;
  }

  private lineEnd(): void {
    const last = this.items[this.items.length - 1];
    let hard = false;
    if (last?.kind === "span" && last.span.type === "text") {
      hard = / {2}$/.test(last.span.text);
      last.span.text = last.span.text.replace(/[ \t]+$/, "");
    }
    if (hard) this.span({ type: "break" });
    else this.say("\n");
    this.at++;
    while (this.text[this.at] === " " || this.text[this.at] === "\t") this.at++;
  }

  private escape(): void {
    const after = this.text[this.at + 1] ?? "";
    if ((after === "(" || after === "[") && this.math()) return;
    if (after === "\n") {
      this.span({ type: "break" });
      this.at += 2;
      while (this.text[this.at] === " ") this.at++;
    } else if (ESCAPED.test(after)) {
      this.say(after);
      this.at += 2;
    } else this.take(1);
  }

  private math(): boolean {
    const { text, at } = this;
    const closing = text[at] === "$" ? "$" : text[at + 1] === "(" ? "\\)" : "\\]";
    const found = this.lacks(closing, at + 1) ? "" : mathAt(text, at);
    if (!found || found.length > REACH) {
      // a lone dollar sign is decided by the next one of its line, and what stands behind that
      const single = text[at] === "$" && text[at + 1] !== "$";
      if (!single || (match(DOLLAR, text, at) && DOLLAR.lastIndex >= text.length)) this.doubt();
      return false;
    }
    this.span({ type: "math", text: found });
    this.at += found.length;
    return true;
  }

  /** What stands here may get another meaning by text that is still to come. */
  private doubt(): void {
    this.unsure = this.at + REACH;
  }

  /** Whether `needle` does not occur from `at` on. */
  private lacks(needle: string, at: number): boolean {
    if (this.absent.has(needle)) return true;
    if (this.text.includes(needle, at)) return false;
    this.absent.add(needle);
    return true;
  }

  private code(): void {
    this.ticks ??= new Ticks(this.text);
    const found = this.ticks.read(this.at, REACH);
    if (found.code === null) {
      this.doubt();
      this.take(found.end - this.at);
    } else this.span({ type: "code", text: found.code });
    this.at = found.end;
  }

  private run(char: string): void {
    const { text, at } = this;
    let end = at + 1;
    while (text[end] === char) end++;
    const before = at === 0 ? "" : charBefore(text, at);
    const after = end < text.length ? String.fromCodePoint(text.codePointAt(end) as number) : "";
    const run = makeRun(char, at, end - at, before, after);
    this.items.push({ kind: "run", run });
    this.emphasis.push(run);
    this.at = end;
  }

  private open(length: number): void {
    for (const bracket of this.brackets.slice(-1)) bracket.nested = true;
    this.brackets.push({
      item: this.items.length,
      at: this.at + length,
      image: length === 2,
      active: true,
      height: this.emphasis.height,
      nested: false,
    });
    this.items.push({ kind: "open", text: this.text.slice(this.at, this.at + length), link: null });
    this.at += length;
  }

  private close(): void {
    const bracket = this.brackets.pop();
    const inner = this.at;
    if (!bracket) {
      this.take(1);
      return;
    }
    const outer = this.brackets[this.brackets.length - 1];
    if (outer) outer.nested = true;
    this.at++;
    const target = bracket.active ? this.target(bracket, inner) : null;
    if (!target) {
      this.at = inner;
      if (!this.note(bracket, inner)) this.take(1);
      return;
    }
    this.emphasis.match(bracket.height);
    this.emphasis.cut(bracket.height);
    (this.items[bracket.item] as Item & { kind: "open" }).link = { ...target, image: bracket.image };
    this.items.push({ kind: "close" });
    if (!bracket.image) this.deactivate();
  }

  /** No link stands in another one: brackets around one are text. */
  private deactivate(): void {
    for (let at = this.brackets.length - 1; at >= 0; at--) {
      const bracket = this.brackets[at] as Bracket;
      if (bracket.image) continue;
      if (!bracket.active) return;
      bracket.active = false;
    }
  }

  /** Where a link leads whose text ends at `inner`; reads what stands behind the bracket. */
  private target(bracket: Bracket, inner: number): Definition | null {
    const direct = this.text[this.at] === "(" ? this.inlineTarget() : null;
    if (direct) return direct;
    const label = readLabel(this.text, this.at);
    if (!label && this.text[this.at] === "[" && !this.text.startsWith("[]", this.at)) this.doubt();
    const collapsed = this.text.startsWith("[]", this.at);
    if (!label && bracket.nested) return null;
    if (!label && inner - bracket.at > LABEL_MOST) return null;
    const name = normalise(label ? label.value : this.text.slice(bracket.at, inner));
    if (!name) return null;
    const found = this.names.links.get(name);
    if (!found) this.missing.add(name);
    else if (label) this.at = label.end;
    else if (collapsed) this.at += 2;
    return found ?? null;
  }

  private inlineTarget(): Definition | null {
    const found = readTarget(this.text, this.at);
    if (found === "unsure") this.doubt();
    if (!found || found === "unsure" || found.end - this.at > REACH) return null;
    this.at = found.end;
    return found;
  }

  private note(bracket: Bracket, inner: number): boolean {
    const label = this.text.slice(bracket.at, inner);
    if (bracket.image || !/^\^[^\s[\]]+$/.test(label)) return false;
    if (!this.names.notes.has(label.slice(1))) {
      this.missing.add(label);
      return false;
    }
    this.emphasis.cut(bracket.height);
    this.items.length = bracket.item;
    this.span({ type: "note", label: label.slice(1) });
    this.at = inner + 1;
    return true;
  }

  private angle(): void {
    const found = readAngle(this.text, this.at, (needle, from) => this.lacks(needle, from));
    if (found && found.end - this.at <= REACH) {
      this.span(found.span);
      this.at = found.end;
    } else {
      if (/[A-Za-z/!?]|^$/.test(this.text[this.at + 1] ?? "")) this.doubt();
      this.take(1);
    }
  }

  private reference(): void {
    const found = match(REFERENCE, this.text, this.at)?.[0] ?? "&";
    this.say(decode(found));
    this.at += found.length;
  }

  private address(found: string): void {
    const { text, at } = this;
    const end = this.brackets.length ? (text.indexOf("]", at) + 1 || text.length + 1) - 1 : text.length;
    const link = found.includes("@") ? readMail(text, at, end) : readAddress(text, at, end);
    if (!link) this.take(found.includes("@") ? found.length : 1);
    else {
      this.span({ type: "link", href: link.href, title: "", spans: [{ type: "text", text: link.text }] });
      this.at += link.text.length;
    }
  }
}

function charBefore(text: string, at: number): string {
  const code = text.charCodeAt(at - 1);
  const pair = code >= 0xdc00 && code <= 0xdfff && at > 1;
  return text.slice(at - (pair ? 2 : 1), at);
}
