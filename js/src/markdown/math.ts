/**
 * Math is left as it was written: `$…$`, `$$…$$`, `\(…\)` and `\[…\]` are taken out of Markdown's hands, so that
 * underscores, stars and backslashes in a formula survive. A lone `$5` is no math.
 *
 * A block of math ends at its closing line or at a blank line, whichever comes first: whether a line belongs to it is
 * known once the line is complete, which the streaming renderer depends on.
 */
import type { TokenizerThis, Tokens } from "marked";

const BLOCK =
  /^ {0,3}(?:\$\$[^\n]+?\$\$|\\\[[^\n]+?\\\]|(?:\$\$|\\\[)[ \t]*\n(?:(?![ \t]*(?:\n|$))[^\n]*?(?:(?:\$\$|\\\])[ \t]*(?=\n|$)|\n|$))+?(?:(?<=\$\$[ \t]*|\\\][ \t]*)|(?=[ \t]*(?:\n|$))))[ \t]*(?:\n|$)/;
const INLINE =
  /^(?:\$\$(?!\$)(?:\\[\s\S]|[^\\$])+?\$\$|\$(?![\s$])(?:\\.|[^\\$\n])*?(?<![\s\\])\$(?![\d$])|\\\((?:[^\\\n]|\\(?!\)).)+?\\\)|\\\[(?:[^\\]|\\(?!\])[\s\S])+?\\\])/;

function block(this: TokenizerThis, src: string): Tokens.Generic | undefined {
  const raw = BLOCK.exec(src)?.[0];
  return raw ? { type: "math", raw, text: raw.replace(/\n+$/, ""), block: true } : undefined;
}

function inline(this: TokenizerThis, src: string): Tokens.Generic | undefined {
  const raw = INLINE.exec(src)?.[0];
  return raw ? { type: "math", raw, text: raw, block: false } : undefined;
}

/** marked's `extensions` option with these two tokenizers in it. */
export const math = {
  block: [block],
  inline: [inline],
  startBlock: [(src: string) => src.search(/\n {0,3}(?:\$\$|\\\[)/)],
  startInline: [(src: string) => src.search(/\$|\\[([]/)],
  childTokens: {},
  renderers: {},
};
