/** How high a message will be, about: what is not drawn yet takes so much room, so that the scrollbar hardly jumps. */
import type { Message } from "../wire/messages.ts";

const LINE = 21;
/** Of a line in the middle of a text, at a common width. */
const CHARACTERS = 90;
/** What is folded, and what is around the text: the row of a message, the bubble of a question. Pixels. */
const FOLDED = 32;
const AROUND = 42;
const PICTURE = 150;
/** Longer code scrolls by itself, and nobody counts all lines of a long text. */
const COUNTED = 20_000;

const heights = new WeakMap<Message, number>();

/** In pixels. */
export function heightOf(message: Message): number {
  let height = heights.get(message);
  if (height === undefined) {
    height = AROUND;
    for (const part of message.parts)
      height += part.type === "text" ? ofText(part.text) : part.type === "image" ? PICTURE : FOLDED;
    heights.set(message, height);
  }
  return height;
}

function ofText(text: string): number {
  let lines = Math.max(0, text.length - COUNTED) / CHARACTERS;
  for (const line of text.slice(0, COUNTED).split("\n"))
    lines += Math.max(line ? 1 : 0.5, Math.ceil(line.length / CHARACTERS));
  return Math.round(lines * LINE);
}
