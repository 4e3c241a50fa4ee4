/**
 * Notes: the footnotes of one text, as GitHub shows them: numbered by their first reference, at the end, each with the ways back.
 *
 * Owns the section at the end and the numbers. References and notes are buttons, not links: a view stands inside a shadow root,
 * where no address leads. Ids carry a number of their own for each text, so that two messages never clash.
 */
import { element, setAttribute, setOnlyText } from "./dom.ts";
import { drawChildren } from "./draw.ts";
import type { Context } from "./patch.ts";
import type { Block } from "./tree.ts";

interface Note {
  item: HTMLLIElement;
  backs: HTMLElement;
}

/** With so many references a change may wait until a share of them changed: hostile thousands must not be counted anew each time. */
const MANY = 64;
const SHARE = 8;
const RECENT_MOST = 32;

let texts = 0;

export class Notes {
  private readonly prefix = `nbchat-note-${++texts}-`;
  private readonly section = element("section", "notes");
  private readonly list = element("ol");
  private readonly notes = new Map<string, Note>();
  private readonly labels = new WeakMap<Element, string>();
  private references: HTMLElement[] = [];
  /** The references made last: only these can have gone again, with the text that still grows. */
  private recent: HTMLElement[] = [];
  private changes = 0;

  constructor(
    private readonly root: HTMLElement,
    /** The note that a label means. */
    private readonly defined: ReadonlyMap<string, Block>,
  ) {
    this.section.setAttribute("role", "doc-endnotes");
    this.section.setAttribute("aria-label", "Footnotes");
    this.section.append(this.list);
  }

  /** Before which node the text ends. */
  get stop(): ChildNode | null {
    return this.section.parentNode === this.root ? this.section : null;
  }

  /** Make `node` a reference to a note. */
  refer(node: HTMLElement, label: string): void {
    const button = element("button", "", label);
    button.type = "button";
    button.addEventListener("click", () => this.notes.get(label)?.item.focus());
    node.append(button);
    this.labels.set(node, label);
    this.recent = [...this.recent.slice(1 - RECENT_MOST), node];
    this.changes++;
  }

  /** Show a note's blocks; of several notes with one label the first counts. */
  draw(block: Block, context: Context): void {
    if (this.defined.get(block.text) !== block) return;
    let note = this.notes.get(block.text);
    if (!note) {
      note = { item: element("li"), backs: element("span", "note-backs") };
      note.item.tabIndex = -1;
      note.item.append(note.backs);
      this.notes.set(block.text, note);
      this.changes++;
    }
    drawChildren(note.item, block, context, this, note.backs);
  }

  /** Put numbers and section right. */
  settle(end: boolean): void {
    if (this.changes === 0 && this.recent.every((node) => this.root.contains(node))) return;
    if (!end && this.references.length > MANY && this.changes * SHARE < this.references.length) return;
    this.changes = 0;
    const order = this.order();
    let at = this.list.firstChild;
    let number = 0;
    for (const [label, nodes] of order) {
      const { item } = this.notes.get(label) as Note;
      if (at === item) at = item.nextSibling;
      else this.list.insertBefore(item, at);
      this.number(label, nodes, ++number);
    }
    while (at) {
      const after: ChildNode | null = at.nextSibling;
      at.remove();
      at = after;
    }
    if (order.size === 0) this.section.remove();
    else if (!this.stop) this.root.append(this.section);
    this.recent = this.recent.filter((node) => this.root.contains(node)); // with those in notes that came in just now
  }

  /** The labels in the order of their first references, those in the text before those in notes, with their references. */
  private order(): Map<string, HTMLElement[]> {
    const order = new Map<string, HTMLElement[]>();
    this.references = [];
    const collect = (scope: Element) => {
      for (const node of scope.querySelectorAll<HTMLElement>(".note-ref")) {
        const label = this.labels.get(node) ?? "";
        if (!this.notes.has(label) || (scope === this.root && this.section.contains(node))) continue;
        this.references.push(node);
        const found = order.get(label);
        if (found) found.push(node);
        else order.set(label, [node]);
      }
    };
    collect(this.root);
    for (const [label] of order) collect((this.notes.get(label) as Note).item); // the map grows while it is walked
    return order;
  }

  private number(label: string, nodes: HTMLElement[], number: number): void {
    const { item, backs } = this.notes.get(label) as Note;
    item.id = `${this.prefix}${number}`;
    for (const node of nodes) {
      const button = node.firstChild as HTMLElement;
      setOnlyText(button, String(number));
      setAttribute(button, "aria-label", `Footnote ${number}`);
      setAttribute(button, "aria-describedby", item.id);
    }
    while (backs.childElementCount > nodes.length) backs.lastChild?.remove();
    while (backs.childElementCount < nodes.length) backs.append(this.back(label, backs.childElementCount));
    for (const [at, back] of [...backs.children].entries())
      setAttribute(back, "aria-label", `Back to reference ${number}${at ? `-${at + 1}` : ""}`);
  }

  private back(label: string, at: number): HTMLElement {
    const button = element("button", "", at ? `↩${at + 1}` : "↩");
    button.type = "button";
    button.addEventListener("click", () => {
      const nodes = this.references.filter((node) => this.labels.get(node) === label);
      (nodes[at]?.firstChild as HTMLElement | undefined)?.focus();
    });
    return button;
  }
}
