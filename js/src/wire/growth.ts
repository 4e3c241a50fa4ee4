/**
 * By how much a part's text has grown: known beside the text, so that what comes is drawn without reading what is there.
 *
 * Owns the knowledge, of which each bundle has its own: ask the one whose `reduce` made the part.
 */
import type { Part, ReasoningPart, TextPart } from "./messages.ts";

export interface Growth {
  /** The part that it was at first: parts that have it in common are one text at different times. */
  of: Part;
  /** How long the text was before, and what came then. */
  from: number;
  text: string;
}

const growths = new WeakMap<Part, Growth>();

/** Return the part with more text. */
export function grown<P extends TextPart | ReasoningPart>(part: P, text: string): P {
  const more = { ...part, text: part.text + text };
  growths.set(more, { of: growths.get(part)?.of ?? part, from: part.text.length, text });
  return more;
}

/**
 * Return what the last event has added to a part's text, if that is how it came about. Whoever reads the text itself makes the engine
 * copy all of it, as it is kept as a chain of its pieces: with each of ten thousand pieces that is the most of what they cost.
 */
export function growthOf(part: Part): Growth | undefined {
  return growths.get(part);
}
