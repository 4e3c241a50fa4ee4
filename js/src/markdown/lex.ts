/**
 * lex: marked's lexer with the settings of nbchat, fed with link definitions that stand elsewhere in the text.
 *
 * Owns the options; must not know the DOM. Lexing makes tokens only: nothing of marked ever writes HTML here.
 */
import { Lexer, type MarkedOptions, type Token, Tokenizer } from "marked";
import { math, withoutMath } from "./math.ts";

export type Links = Lexer["tokens"]["links"];

export interface Lexed {
  tokens: Token[];
  /** The definitions given, and those that the text adds (the first one of a label wins). */
  links: Links;
}

function lexer(source: string, links: Links): Lexer {
  const options = {
    gfm: true,
    breaks: false,
    pedantic: false,
    silent: true,
    tokenizer: new Tokenizer(),
    extensions: math,
    ...(/\$|\\[([]/.test(source) && { hooks: { emStrongMask: withoutMath } }),
  };
  const fresh = new Lexer(options as unknown as MarkedOptions);
  Object.assign(fresh.tokens.links, links);
  return fresh;
}

/** Return the blocks of `source` with their inline tokens. */
export function lex(source: string, links: Links): Lexed {
  const used = lexer(source, links);
  const tokens = used.lex(source);
  return { tokens, links: used.tokens.links };
}

/** Return the blocks of `source` without looking into their text; a fraction of the work of `lex`. */
export function lexBlocks(source: string, links: Links): Lexed {
  const used = lexer(source, links);
  const tokens = used.blockTokens(source, used.tokens);
  return { tokens, links: used.tokens.links };
}
