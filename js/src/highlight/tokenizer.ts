/**
 * A line tokenizer: text of one line and the state before it in, styled pieces and the state after it out.
 *
 * Owns the engine; what a language looks like is a table of rules (`languages`). Colours a reader's eye, no compiler: what it
 * does not know stays plain.
 */
import { LANGUAGES, NAMES } from "./languages.ts";

/** The open modes, outermost first, joined by a comma: equal states compare equal. */
export type LineState = string;
export const START: LineState = "";

/** Styles, as CSS knows them (`.t-keyword`, ...). */
export type Style =
  | "keyword"
  | "builtin"
  | "string"
  | "number"
  | "comment"
  | "function"
  | "operator"
  | "attribute"
  | "tag"
  | "inserted"
  | "deleted"
  | "strong";

/** What to look for, how it looks (or a choice by its text), and the mode that follows: a name to enter, "^" to leave. */
export type Rule = readonly [pattern: RegExp, style: Style | null | ((text: string) => Style | null), next?: string];

/** Rules by mode; a language begins in `main`. Modes named in `lines` end with their line. Patterns hold no groups. */
export interface Language {
  modes: Record<string, readonly Rule[]>;
  lines?: readonly string[];
  flags?: string;
}

export interface Span {
  text: string;
  style: Style | null;
}

export type Tokenize = (line: string, before: LineState) => { spans: Span[]; state: LineState };

/** Longer lines (minified code, data) are not worth the time and are shown plain. Characters. */
const LINE_MOST = 2_000;

const compiled = new Map<string, Tokenize>();

/** Return the tokenizer of a language by any of its usual names, or undefined for an unknown one. */
export function tokenizerFor(language: string): Tokenize | undefined {
  const lower = language.toLowerCase();
  const name = Object.hasOwn(NAMES, lower) ? NAMES[lower] : undefined;
  if (name === undefined) return undefined;
  let tokenize = compiled.get(name);
  if (!tokenize) {
    tokenize = compile(LANGUAGES[name] as Language);
    compiled.set(name, tokenize);
  }
  return tokenize;
}

function compile(language: Language): Tokenize {
  const modes = new Map<string, { pattern: RegExp; rules: readonly Rule[] }>();
  for (const [name, rules] of Object.entries(language.modes)) {
    const source = rules.map(([pattern]) => `(${pattern.source})`).join("|");
    modes.set(name, { pattern: new RegExp(source, `y${language.flags ?? ""}`), rules });
  }
  const temporary = new Set(language.lines);
  return (line, before) => {
    const stack = before ? before.split(",") : [];
    if (line.length > LINE_MOST) return { spans: [{ text: line, style: null }], state: before };
    const spans: Span[] = [];
    let at = 0;
    let steps = 0;
    while (at < line.length && steps++ < 2 * LINE_MOST) {
      const mode = modes.get(stack.at(-1) ?? "main");
      if (!mode) break;
      mode.pattern.lastIndex = at;
      const match = mode.pattern.exec(line);
      const rule = match && mode.rules[match.indexOf(match[0], 1) - 1];
      const text = match && rule ? match[0] : (line[at] as string);
      if (match && rule) {
        if (rule[2] === "^") stack.pop();
        else if (rule[2]) stack.push(rule[2]);
      }
      const style = rule ? (typeof rule[1] === "function" ? rule[1](text) : rule[1]) : null;
      add(spans, text, style);
      at += text.length;
    }
    if (at < line.length) add(spans, line.slice(at), null);
    while (temporary.has(stack.at(-1) ?? "")) stack.pop();
    return { spans, state: stack.join(",") };
  };
}

function add(spans: Span[], text: string, style: Style | null): void {
  const last = spans.at(-1);
  if (!text) return;
  if (last && last.style === style) last.text += text;
  else spans.push({ text, style });
}
