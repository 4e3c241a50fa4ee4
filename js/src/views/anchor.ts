/**
 * Where a reader is in a scrolling box, told by the element at its upper edge: pixels from the top mean nothing once something
 * above is loaded, drawn or wrapped anew.
 */

export interface Anchor {
  node: Element;
  /** From the upper edge of the box to that of the element; negative where the element begins above. Pixels. */
  offset: number;
  height: number;
}

/** The same for a later view, which has elements of its own. */
export interface Place {
  message: string;
  offset: number;
}

/** So deep are messages looked into: blocks, items, lines. */
const DEEPEST = 8;
/** Of more children than this the middle one is asked first. */
const FEW = 32;

/** Return the first element of the messages that reaches into the box, the innermost of those that begin above it. */
export function anchorAt(scroller: Element, content: Element): Anchor | null {
  const edge = scroller.getBoundingClientRect().top;
  let found: Element | null = firstMessage(content, edge);
  if (found && found.getBoundingClientRect().top < edge && isSkipped(found)) found = found.nextElementSibling ?? found;
  for (let depth = 0; found && depth < DEEPEST && found.getBoundingClientRect().top < edge; depth++) {
    const inner = firstBelow(found, edge);
    if (!inner) break;
    found = inner;
  }
  return found && anchored(found, edge);
}

/** Whether its content has no layout yet, so that its size is a guess: it comes into view in this very moment. */
function isSkipped(message: Element): boolean {
  return message.firstElementChild?.checkVisibility?.({ contentVisibilityAuto: true }) === false;
}

/** Return where `node` is now. */
export function anchorOf(scroller: Element, node: Element): Anchor {
  return anchored(node, scroller.getBoundingClientRect().top);
}

/**
 * Return by how many pixels the box must be scrolled so that the element is where it was. Where lines were wrapped anew, what begins
 * above the box keeps the share of it that is there; else its beginning keeps its place, and it may grow at its end.
 */
export function shiftOf({ node, offset, height }: Anchor, scroller: Element, rewrapped: boolean): number {
  const box = node.getBoundingClientRect();
  const share = rewrapped && offset < 0 && height > 0 ? box.height / height : 1;
  return box.top - scroller.getBoundingClientRect().top - offset * share;
}

/** Return the place of the first message that reaches into the box. */
export function placeIn(scroller: Element, content: Element): Place | null {
  const edge = scroller.getBoundingClientRect().top;
  const first = firstMessage(content, edge);
  const message = first?.dataset.message;
  return first && message !== undefined ? { message, offset: first.getBoundingClientRect().top - edge } : null;
}

/** Return the blocks of the content that can be seen, and those less than a screen away. */
export function blocksInView(scroller: Element, content: Element): Element[] {
  const { top, bottom, height } = scroller.getBoundingClientRect();
  const blocks = content.children;
  const seen: Element[] = [];
  for (let at = search(blocks, top - height); at < blocks.length; at++) {
    const block = blocks[at] as Element;
    if (block.getBoundingClientRect().top > bottom + height) break;
    seen.push(block);
  }
  return seen;
}

export function messageIn(content: Element, id: string): Element | undefined {
  return [...content.children].find((block) => (block as HTMLElement).dataset.message === id);
}

function anchored(node: Element, edge: number): Anchor {
  const { top, height } = node.getBoundingClientRect();
  return { node, offset: top - edge, height };
}

/** What stands before and between them (a button that is always first) is no place to hold on to. */
function firstMessage(content: Element, edge: number): HTMLElement | null {
  const blocks = content.children as HTMLCollectionOf<HTMLElement>;
  for (let at = search(blocks, edge); at < blocks.length; at++)
    if (blocks[at]?.dataset.message !== undefined) return blocks[at] as HTMLElement;
  return null;
}

function firstBelow(parent: Element, edge: number): Element | null {
  const children = parent.children;
  if (children.length > FEW) return children[search(children, edge)] ?? null;
  for (const child of children) if (isBelow(child, edge)) return child;
  return null;
}

/** The number of the first of many that reaches below the edge; they stand below each other. */
function search(all: ArrayLike<Element>, edge: number): number {
  let [low, high] = [0, all.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBelow(all[middle] as Element, edge)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** What is not drawn (a closed section's content) has no height and is above everything. */
function isBelow(node: Element, edge: number): boolean {
  const { bottom, height } = node.getBoundingClientRect();
  return height > 0 && bottom > edge + 1;
}
