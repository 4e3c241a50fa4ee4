/**
 * A line tokenizer: text of one line and the state before it in, styled pieces and the state after it out.
 *
 * Owns the engine; what a language looks like is a table of rules (`languages`). Colours a reader's eye, no compiler: what it
 * does not know stays plain.
 */
import { loadAsset } from "../assets.ts";
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

/** The mode that follows: a name to enter, "+name" to enter it with the next line, "^" to leave one, "^^" to leave two. */
export type Next = string | ((text: string, line: string) => string);

/** What to look for, how it looks (or a choice by its text), and what follows. A pattern may be empty only to leave a mode. */
export type Rule = readonly [pattern: RegExp, style: Style | null | ((text: string) => Style | null), next?: Next];

/**
 * Rules by mode; a language begins in `main`. Modes named in `lines` end with their line. Patterns hold no groups that capture.
 * A mode may depend on a word that opened it ("heredoc=EOF"): then it is a function of that.
 */
export interface Language {
  modes: Record<string, readonly Rule[] | ((word: string) => readonly Rule[])>;
  lines?: readonly string[];
}

export interface Span {
  text: string;
  style: Style | null;
}

export type Tokenize = (line: string, before: LineState) => { spans: Span[]; state: LineState };

/** Longer lines (minified code, data) are not worth the time and are shown plain. Characters. */
const LINE_MOST = 2_000;

/** Modes deeper than this are not entered, so that no text makes the state of a line long. */
const DEEPEST = 24;
/** So many modes that depend on a word are kept compiled for a language. */
const WORDS_MOST = 100;

const compiled = new Map<string, Tokenize>();
let waiting: (() => void)[] = [];
let asking = false;

/** Return the tokenizer of a language by any of its usual names; undefined for an unknown one, and for one that is not here yet. */
export function tokenizerFor(language: string): Tokenize | undefined {
  const name = nameOf(language);
  const rules = name === undefined ? undefined : LANGUAGES[name];
  if (name === undefined || !rules) return undefined;
  let tokenize = compiled.get(name);
  if (!tokenize) {
    tokenize = compile(rules);
    compiled.set(name, tokenize);
  }
  return tokenize;
}

/** Call `then` once this language can be coloured: never for an unknown one, or one that can be already. */
export function whenKnown(language: string, then: () => void): void {
  const name = nameOf(language);
  if (name === undefined || LANGUAGES[name]) return;
  waiting.push(then);
  if (asking) return;
  asking = true;
  loadAsset("extras").then(
    ({ languages }) => {
      asking = false;
      learn(languages);
    },
    () => {
      asking = false; // no kernel, or a busy one: it stays plain until the next block asks, or extras.js comes for another reason
    },
  );
}

/** More languages are here: colour what waits for them. */
export function learn(languages: Readonly<Record<string, Language>>): void {
  Object.assign(LANGUAGES, languages);
  const ready = waiting;
  waiting = [];
  for (const each of ready) each();
}

function nameOf(language: string): string | undefined {
  const lower = language.toLowerCase();
  return Object.hasOwn(NAMES, lower) ? NAMES[lower] : undefined;
}

interface Mode {
  pattern: RegExp;
  rules: readonly Rule[];
}

function compileMode(rules: readonly Rule[]): Mode {
  return { pattern: new RegExp(rules.map(([pattern]) => `(${pattern.source})`).join("|"), "y"), rules };
}

function compile(language: Language): Tokenize {
  const modes = new Map<string, Mode>();
  const temporary = new Set(language.lines);
  const find = (name: string): Mode | undefined => {
    const known = modes.get(name);
    if (known) return known;
    const [base = "", word = ""] = name.split("=");
    const rules = language.modes[base];
    if (!rules) return undefined;
    if (modes.size > WORDS_MOST) modes.clear();
    const fresh = compileMode(typeof rules === "function" ? rules(word) : rules);
    modes.set(name, fresh);
    return fresh;
  };
  return (line, before) => {
    if (line.length > LINE_MOST) return { spans: [{ text: line, style: null }], state: before };
    const stack = before ? before.split(",") : [];
    const later: string[] = [];
    const spans: Span[] = [];
    let at = 0;
    for (let steps = 0; at < line.length && steps < 2 * LINE_MOST; steps++) {
      const mode = find(stack.at(-1) ?? "main");
      if (!mode) break;
      mode.pattern.lastIndex = at;
      const match = mode.pattern.exec(line);
      const rule = match && mode.rules[match.indexOf(match[0], 1) - 1];
      const text = match && rule ? match[0] : (line[at] as string);
      if (rule?.[2]) follow(typeof rule[2] === "function" ? rule[2](text, line) : rule[2], stack, later);
      add(spans, text, rule ? (typeof rule[1] === "function" ? rule[1](text) : rule[1]) : null);
      at += text.length;
    }
    if (at < line.length) add(spans, line.slice(at), null);
    while (temporary.has(stack.at(-1) ?? "")) stack.pop();
    stack.push(...later);
    return { spans, state: stack.join(",") };
  };
}

function follow(next: string, stack: string[], later: string[]): void {
  if (next === "^" || next === "^^") stack.splice(-next.length);
  else if (stack.length + later.length >= DEEPEST) return;
  else if (next.startsWith("+")) later.push(next.slice(1));
  else stack.push(next);
}

function add(spans: Span[], text: string, style: Style | null): void {
  const last = spans.at(-1);
  if (!text) return;
  if (last && last.style === style) last.text += text;
  else spans.push({ text, style });
}
