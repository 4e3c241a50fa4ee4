/**
 * draw: shows the tree of blocks as DOM. Blocks that are closed for good are drawn a last time and never looked at again.
 *
 * Owns which node shows which block: a child's node stands at the child's place among its parent's nodes. Nodes outlive the
 * blocks of a preview: what is read again finds the node that the same kind of block had before.
 */
import { blockKey, makeNode, updateNode, type View } from "./blocks.ts";
import { placeNode, removeFrom } from "./dom.ts";
import type { Notes } from "./notes.ts";
import type { Context } from "./patch.ts";
import { type Block, isContainer, textOf } from "./tree.ts";

/** Show the children of `block` as the children of `parent`, before `stop`. */
export function drawChildren(
  parent: Element,
  block: Block,
  context: Context,
  notes: Notes,
  stop: ChildNode | null = null,
): void {
  const view = viewOf(block, parent);
  let at = next(view.last ? view.last.nextSibling : parent.firstChild, stop);
  for (let index = view.settled; index < block.children.length; index++) {
    const child = block.children[index] as Block;
    let node: ChildNode | null = null;
    if (child.kind === "note") notes.draw(child, context);
    else if (!isHidden(child)) {
      node = placeNode(parent, at, stop, blockKey(child), () => makeNode(child));
      drawBlock(node as HTMLElement, child, block, context, notes);
      at = next(node.nextSibling, stop);
    }
    if (index < block.sure) {
      view.settled = index + 1;
      view.last = node ?? view.last;
    }
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

function viewOf(block: Block, node: Element): View {
  let view = block.view as View | null;
  if (view?.node !== node) {
    view = { node, settled: 0, last: null, length: 0 };
    block.view = view;
  }
  return view;
}

function next(node: ChildNode | null, stop: ChildNode | null): ChildNode | null {
  return node === stop ? null : node;
}
