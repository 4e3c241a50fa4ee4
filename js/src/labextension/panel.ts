/**
 * The side panel: the conversations of the kernel of the notebook in front, and a thread of the one that was chosen, drawn by
 * that notebook's own widget manager.
 *
 * Owns which notebook it follows and what is drawn; what the kernel says is its link's.
 */
import { element } from "../markdown/dom.ts";
import type { MimeRenderer, NotebookPanel, Panel, Tracker, Widget } from "./host.ts";
import { Link, type Row } from "./link.ts";
import { STYLE } from "./style.ts";

const VIEW = "application/vnd.jupyter.widget-view+json";
const STATUS: Record<string, string> = { submitted: "Waiting", streaming: "Answering", error: "Failed" };

export interface Lumino {
  Panel: new () => Panel;
  Widget: new (options: { node: HTMLElement }) => Widget;
}

export class ChatPanel {
  readonly widget: Panel;
  link: Link | null = null;

  private readonly head = element("div", "nbchat-panel-head");
  private notebook: NotebookPanel | null = null;
  private view: { model: string; renderer: MimeRenderer } | null = null;
  /** By kernel: the conversation that was shown last. */
  private readonly last = new Map<string, string>();

  constructor(
    lumino: Lumino,
    private readonly tracker: Tracker,
    private readonly load: () => unknown,
  ) {
    this.widget = new lumino.Panel();
    this.widget.id = "nbchat-panel";
    this.widget.title.caption = "Chat";
    this.widget.title.icon = { render: drawIcon };
    this.widget.addClass("nbchat-panel");
    this.widget.node.setAttribute("role", "region");
    this.widget.node.setAttribute("aria-label", "Chat");
    const style = element("style");
    style.textContent = STYLE;
    this.widget.node.append(style);
    this.widget.addWidget(new lumino.Widget({ node: this.head }));
    const shown = this.widget.onAfterShow;
    this.widget.onAfterShow = (message) => {
      shown.call(this.widget, message);
      this.follow();
    };
    tracker.currentChanged.connect(this.follow);
    window.addEventListener("pagehide", () => this.link?.dispose());
    this.follow();
  }

  /** The link to the kernel of the notebook in front; made when it is first needed. */
  reach(): Link | null {
    const kernel = this.tracker.currentWidget?.sessionContext.session?.kernel ?? null;
    if (this.link?.kernel !== kernel) {
      this.link?.dispose();
      this.link = kernel && new Link(kernel, () => this.draw());
    }
    return this.link;
  }

  private readonly follow = (): void => {
    const notebook = this.tracker.currentWidget;
    if (notebook !== this.notebook) {
      this.notebook?.sessionContext.kernelChanged.disconnect(this.follow);
      this.notebook = notebook;
      notebook?.sessionContext.kernelChanged.connect(this.follow);
      this.clear();
    }
    const link = this.reach();
    if (this.widget.isVisible) void link?.connect(); // nothing is asked of a kernel before somebody looks
    this.draw();
  };

  private clear(): void {
    if (this.view && !this.view.renderer.isDisposed) this.view.renderer.dispose();
    this.view = null;
  }

  // ---------------------------------------------------------------- drawing

  private draw(): void {
    const { link } = this;
    const focused = (document.activeElement as HTMLElement | null)?.dataset?.row;
    this.head.replaceChildren(
      ...(link ? this.drawLink(link) : [say("Open a notebook: its conversations are shown here.")]),
    );
    if (focused) this.head.querySelector<HTMLElement>(`[data-row="${CSS.escape(focused)}"]`)?.focus();
    if (link?.state !== "open") this.clear();
    else this.show(link);
  }

  private drawLink(link: Link): Node[] {
    switch (link.state) {
      case "open":
        return this.drawList(link);
      case "absent":
        return [
          say("nbchat is not loaded in this notebook's kernel."),
          button("Load nbchat", () => this.load(), "Puts a cell with %load_ext nbchat into the notebook and runs it"),
        ];
      case "busy":
        return [say("The kernel is busy: its conversations are listed when the running cell has ended.")];
      case "foreign":
        return [say("This notebook's kernel is not one of Python; nbchat lives in those.")];
      default:
        return [say("Asking the kernel…")];
    }
  }

  private drawList(link: Link): Node[] {
    const bar = element("div", "nbchat-panel-bar");
    bar.append(
      element("h2", "", "Conversations"),
      button("New", () => link.open(null), "Begin a new conversation for this notebook"),
    );
    const list = element("ul");
    list.append(...link.rows.map((row) => this.drawRow(link, row)));
    const nodes: Node[] = [bar, list];
    if (link.error) nodes.push(say(link.error, "alert"));
    if (link.shown && link.shown.model === null) nodes.push(say("Opening; if a cell runs, when that has ended…"));
    return nodes;
  }

  private drawRow(link: Link, row: Row): HTMLLIElement {
    const item = element("li");
    const open = button(
      "",
      () => link.open(row.name),
      row.own ? `${row.title}: the conversation of this notebook` : row.title,
    );
    open.dataset.row = row.name;
    open.setAttribute("aria-current", String(row.name === link.shown?.name));
    const status = STATUS[row.status];
    open.append(element("span", "nbchat-panel-title", row.title));
    if (status) open.append(element("span", `nbchat-panel-status ${row.status}`, status));
    open.append(element("span", "nbchat-panel-cost", row.live ? row.cost : "not open"));
    item.append(open);
    return item;
  }

  // ---------------------------------------------------------------- the thread

  private show(link: Link): void {
    const { shown, kernel } = link;
    if (!shown) {
      const again = link.rows.find(
        (row) => row.live && (row.name === this.last.get(kernel.id) || (!this.last.has(kernel.id) && row.own)),
      );
      if (again) link.open(again.name);
    } else if (shown.model && shown.name && shown.model !== this.view?.model && this.notebook) {
      this.clear();
      this.last.set(kernel.id, shown.name);
      const renderer = this.notebook.content.rendermime.createRenderer(VIEW);
      this.view = { model: shown.model, renderer };
      renderer.addClass("nbchat-panel-view");
      this.widget.addWidget(renderer);
      void renderer.renderModel({
        data: { [VIEW]: { version_major: 2, version_minor: 0, model_id: shown.model } },
        metadata: {},
        trusted: true,
        setData: () => {},
      });
    }
  }
}

function say(text: string, role = "status"): HTMLElement {
  const line = element("p", "", text);
  line.setAttribute("role", role);
  return line;
}

function button(text: string, press: () => unknown, title: string): HTMLButtonElement {
  const made = element("button", "", text);
  made.type = "button";
  made.title = title;
  made.addEventListener("click", () => void press());
  return made;
}

/** A speech bubble, for the side bar. */
function drawIcon(host: HTMLElement): void {
  const make = (name: string, attributes: Record<string, string>) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    return node;
  };
  const icon = make("svg", { width: "16", height: "16", viewBox: "0 0 24 24", "aria-hidden": "true" });
  icon.append(
    make("path", {
      class: "jp-icon3",
      fill: "#616161",
      d: "M4 3h16a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2h-8l-5 4v-4H4a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2z",
    }),
  );
  host.replaceChildren(icon);
}
