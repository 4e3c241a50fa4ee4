/**
 * draw: shows the tree of blocks as DOM. Blocks that are closed for good are drawn a last time and never looked at again.
 *
 * Owns which node shows which block: a child's node stands at the child's place among its parent's nodes. Nodes outlive the
 * blocks of a preview: what is read again finds the node that the same kind of block had before.
 */
import { blockKey, type Group, makeNode, updateNode, type View } from "./blocks.ts";
import { element, placeNode, removeFrom } from "./dom.ts";
import type { Notes } from "./notes.ts";
import type { Context } from "./patch.ts";
import { type Block, isContainer, textOf } from "./tree.ts";

/**
 * So many blocks of a text stand in one group, the first ones in the root itself, and so many groups in a group of groups. The browser
 * passes over a group that is out of sight (`content-visibility`), and looks at none but the last again with an update: few blocks
 * are painted anew, and few groups looked after, at the end of a long answer as at its beginning. A block is made in its group and
 * never moved, so that selections stay.
 */
const GROUP = 4;
const GROUPS = 8;

/** Show a whole text in `root`, its blocks in groups. */
export function drawText(root: HTMLElement, block: Block, context: Context, notes: Notes): void {
  const view = viewOf(block, root);
  view.groups ??= [{ node: root, last: null }];
  const { groups } = view;
  const { length } = block.children;
  for (const { node } of groups.splice(Math.max(1, Math.ceil(length / GROUP)))) {
    const { parentElement } = node;
    node.remove();
    if (!parentElement?.firstChild) parentElement?.remove();
  }
  for (let at = Math.floor(view.settled / GROUP); at === 0 || at * GROUP < length; at++) {
    let group = groups[at];
    if (!group) {
      group = { node: element("div", "group"), last: null };
      const around = at % GROUPS === 1 ? null : groups[at - 1]?.node.parentElement;
      (around ?? root.insertBefore(element("div", "group"), notes.stop)).append(group.node);
      groups[at] = group;
    }
    const [from, to] = [Math.max(view.settled, at * GROUP), Math.min((at + 1) * GROUP, length)];
    drawRange(group, block, from, to, context, notes, at === 0 ? (groups[1]?.node.parentElement ?? notes.stop) : null);
  }
  view.settled = Math.max(view.settled, Math.min(block.sure, length));
}

/** Show the children of `block` as the children of `parent`, before `stop`. */
export function drawChildren(
  parent: HTMLElement,
  block: Block,
  context: Context,
  notes: Notes,
  stop: ChildNode | null = null,
): void {
  const view = viewOf(block, parent);
  const { length } = block.children;
  drawRange(view, block, view.settled, length, context, notes, stop);
  view.settled = Math.max(view.settled, Math.min(block.sure, length));
}

/** Show some of the children behind those in `group` that are final. */
function drawRange(
  group: Group,
  block: Block,
  from: number,
  to: number,
  context: Context,
  notes: Notes,
  stop: ChildNode | null,
): void {
  const parent = group.node;
  let at = next(group.last ? group.last.nextSibling : parent.firstChild, stop);
  for (let index = from; index < to; index++) {
    const child = block.children[index] as Block;
    let node: ChildNode | null = null;
    if (child.kind === "note") notes.draw(child, context);
    else if (!isHidden(child)) {
      node = placeNode(parent, at, stop, blockKey(child), () => makeNode(child));
      drawBlock(node as HTMLElement, child, block, context, notes);
      at = next(node.nextSibling, stop);
    }
    if (index < block.sure) group.last = node ?? group.last;
  }
  removeFrom(at, stop);
}

function drawBlock(node: HTMLElement, block: Block, parent: Block, context: Context, notes: Notes): void {
  if (isContainer(block)) drawChildren(node, block, context, notes);
  const task = parent.kind === "item" && parent.children[0] === block;
  updateNode(node, block, viewOf(block, node), context, task);
}

/** A paragraph of nothing but link definitions shows nothing. */
function isHidden(block: Block): boolean {
  return block.kind === "paragraph" && block.skip > 0 && textOf(block).trim() === "";
}

function viewOf(block: Block, node: HTMLElement): View {
  let view = block.view as View | null;
  if (!view || view.node !== node) {
    view = { node, settled: 0, last: null, length: 0 };
    block.view = view;
  }
  return view;
}

function next(node: ChildNode | null, stop: ChildNode | null): ChildNode | null {
  return node === stop ? null : node;
}
