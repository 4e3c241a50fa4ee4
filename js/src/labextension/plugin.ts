/**
 * The plugin of JupyterLab and Notebook: the side panel, commands about the active cell, and what runs cells for the views of the
 * page. Nothing is sent and no cell is run unasked: a question about a cell is written, and the person sends it.
 */

import { provideRunner } from "../hosts/jupyter.ts";
import { hideTranscripts } from "../styles/transcripts.ts";
import type { App, Cell, MainMenu, NotebookActions, NotebookPanel, Palette, Restorer, Tracker } from "./host.ts";
import { insertBelow, runnerOf } from "./notebook.ts";
import { compose, lastCode } from "./page.ts";
import { ChatPanel, type Lumino } from "./panel.ts";
import { ask, errorOf, explain } from "./quote.ts";

export const KEYS = ["Accel Shift Space"];
const LOAD = "%load_ext nbchat";
const CELL = ".jp-Notebook .jp-Cell";

export interface Tokens {
  tracker: unknown;
  palette: unknown;
  menu: unknown;
  restorer: unknown;
}

/** The plugin, made with the host's own tokens. All are optional: a page without notebooks has no use for this. */
export function plugin(lumino: Lumino, tokens: Tokens, actions: NotebookActions) {
  return {
    id: "jupyter-nbchat:plugin",
    description: "A side panel with the conversations of a notebook's kernel, and questions about its cells.",
    autoStart: true,
    optional: [tokens.tracker, tokens.palette, tokens.menu, tokens.restorer],
    activate: (
      app: App,
      tracker: Tracker | null,
      palette: Palette | null,
      menu: MainMenu | null,
      restorer: Restorer | null,
    ) => {
      hideTranscripts(); // a notebook that is opened without its kernel loads no app
      if (!tracker) return;
      const runner = runnerOf(tracker, actions);
      if (runner) provideRunner(runner);
      activate(app, lumino, tracker, palette, menu, restorer);
    },
  };
}

function activate(
  app: App,
  lumino: Lumino,
  tracker: Tracker,
  palette: Palette | null,
  menu: MainMenu | null,
  restorer: Restorer | null,
): void {
  const panel = new ChatPanel(lumino, tracker, () => loadInto(app, tracker.currentWidget));
  app.shell.add(panel.widget, "right", { rank: 900 });
  restorer?.add(panel.widget, "nbchat-panel");

  const cell = () => tracker.currentWidget?.content.activeCell ?? null;
  const put = async (write: (cell: Cell) => string, line: number) => {
    const notebook = tracker.currentWidget;
    const active = cell();
    if (notebook && active) await question(panel, notebook, write(active), line);
  };
  const commands: Record<string, Parameters<App["commands"]["addCommand"]>[1]> = {
    "nbchat:ask-about-cell": {
      label: "Ask about This Cell",
      caption: "Write a question about the active cell; it is sent when you send it",
      isEnabled: () => cell() !== null,
      execute: () => put(ask, 0),
    },
    "nbchat:explain-error": {
      label: "Explain This Error",
      caption: "Write a question about the error of the active cell; it is sent when you send it",
      isEnabled: () => errorOf(cell()) !== null,
      execute: () =>
        put((active) => {
          const error = errorOf(active);
          return error ? explain(active, error) : ask(active);
        }, 0),
    },
    "nbchat:insert-below": {
      label: "Insert Code of the Answer Below",
      caption: "Put the last code block of the answer in the active cell, or else in the chat panel, into a new cell",
      isEnabled: () => tracker.currentWidget !== null,
      execute: async () => {
        const notebook = tracker.currentWidget;
        const code = lastCode(cell()?.outputArea?.node, panel.widget.node, notebook?.node);
        if (notebook && code) await insertBelow(notebook, [code]);
      },
    },
    "nbchat:show-panel": {
      label: "Show Chat Panel",
      execute: () => app.shell.activateById(panel.widget.id),
    },
  };
  for (const [id, command] of Object.entries(commands)) {
    app.commands.addCommand(id, command);
    palette?.addItem({ command: id, category: "Chat" });
  }
  tracker.activeCellChanged.connect(() => app.commands.notifyCommandChanged("nbchat:explain-error"));
  const ids = Object.keys(commands).slice(0, 3);
  ids.forEach((command, at) => {
    app.contextMenu.addItem({ command, selector: CELL, rank: 20 + at });
  });
  menu?.runMenu.addGroup(
    Object.keys(commands).map((command) => ({ command })),
    200,
  );
  app.commands.addKeyBinding({ command: "nbchat:ask-about-cell", keys: KEYS, selector: ".jp-Notebook" });
}

/** Where people chat: in the panel, if that shows a thread, else in a cell below. */
async function question(panel: ChatPanel, notebook: NotebookPanel, text: string, line: number): Promise<void> {
  if (panel.widget.isVisible && compose(panel.widget.node, text)) return;
  const link = panel.reach();
  if (link?.state !== "absent") await link?.connect(); // what is known of a kernel is not forgotten when it is slow to say it again
  await insertBelow(notebook, [...(link?.state === "absent" ? [LOAD] : []), `%%chat\n${text}`], line + 1);
}

/** Run `%load_ext nbchat` where everybody sees it: in a new cell. */
async function loadInto(app: App, notebook: NotebookPanel | null): Promise<void> {
  if (!notebook) return;
  await insertBelow(notebook, [LOAD]);
  await app.commands.execute("notebook:run-cell");
}
