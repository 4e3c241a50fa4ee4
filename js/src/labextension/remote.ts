/**
 * remoteEntry.js: the labextension as JupyterLab and Notebook load it, a container of webpack's module federation made by hand.
 * What it needs of the host is taken from the share scope.
 */
import { type NotebookActions, type ShareScope, shared } from "./host.ts";
import type { Lumino } from "./panel.ts";
import { plugin } from "./plugin.ts";

let scope: ShareScope = {};

async function extension(): Promise<() => unknown> {
  const take = (name: string) => shared(scope, name);
  const [lumino, notebook, apputils, mainmenu, application] = await Promise.all(
    [
      "@lumino/widgets",
      "@jupyterlab/notebook",
      "@jupyterlab/apputils",
      "@jupyterlab/mainmenu",
      "@jupyterlab/application",
    ].map(take),
  );
  const tokens = {
    tracker: notebook?.INotebookTracker,
    palette: apputils?.ICommandPalette,
    menu: mainmenu?.IMainMenu,
    restorer: application?.ILayoutRestorer,
  };
  const actions = (notebook?.NotebookActions ?? {}) as NotebookActions;
  const module = { __esModule: true, default: plugin(lumino as unknown as Lumino, tokens, actions) };
  return () => module;
}

const host = globalThis as unknown as { _JUPYTERLAB?: Record<string, unknown> };
host._JUPYTERLAB ??= {};
host._JUPYTERLAB["jupyter-nbchat"] = {
  init: (given: ShareScope) => {
    scope = given;
  },
  get: (module: string) => {
    if (module !== "./extension") throw new Error(`nbchat: the labextension has no ${module}`);
    return extension();
  },
};
