/**
 * The bootstrap: the `_esm` of every view. It keeps a model's state correct from the first moment, and shows its messages
 * as plain text until the app, which is sent once per kernel and not once per view, has been loaded.
 *
 * `initialize` is synchronous: a model whose bootstrap takes long stays deaf.
 */
import type { Model } from "./model.ts";
import { plain } from "./plain.ts";
import { type App, importCode, registry } from "./registry.ts";
import { Store } from "./store.ts";
import { Visibility } from "./visibility.ts";

/** If the app is not there by itself after this long it is asked for over the wire, and again after AGAIN. Milliseconds. */
const PATIENCE = 1_000;
const AGAIN = 5_000;

export default function widget() {
  let store: Store | undefined;
  let visibility: Visibility | undefined;

  function initialize({ model, signal }: { model: Model; signal?: AbortSignal }): () => void {
    const fresh = new Store(model);
    const watch = new Visibility((visible) => fresh.send({ op: "visible", page: registry().page, visible }));
    store = fresh;
    visibility = watch;
    registry().arrivals.set("app", load);
    fresh.start(signal);
    return () => {
      watch.dispose();
      fresh.dispose();
    };
  }

  function render({ model, el, signal }: { model: Model; el: HTMLElement; signal?: AbortSignal }): () => void {
    if (!store) initialize({ model, ...(signal ? { signal } : {}) });
    const current = store as Store;
    const host = document.createElement("div");
    host.className = current.state.kind === "turn" ? "nbchat-live" : "nbchat-thread";
    host.dataset.lmSuppressShortcuts = "true"; // JupyterLab: keys typed in here are no commands
    el.append(host);
    const leave = visibility?.add(host);
    const unmount = show(host, current);
    return () => {
      leave?.();
      unmount();
      host.remove();
    };
  }

  return { initialize, render };
}

/** Show the view: by the app, now or as soon as it is there, and as plain text until then. Returns how to end it. */
function show(host: HTMLElement, store: Store): () => void {
  const shared = registry();
  let end = plain(host, store);
  const mount = (app: App) => {
    end();
    try {
      end = app.mount(host, store);
    } catch (error) {
      console.error("nbchat: the view could not be drawn", error);
      end = plain(host, store);
    }
  };
  if (shared.app) mount(shared.app);
  else {
    shared.waiting.add(mount);
    // marimo runs no model that is not displayed, so nothing will be there by itself
    askLater(store, mount, "__MARIMO_MOUNT_CONFIG__" in globalThis ? 0 : PATIENCE);
  }
  return () => {
    shared.waiting.delete(mount);
    end();
  };
}

function askLater(store: Store, mount: (app: App) => void, wait: number): void {
  setTimeout(() => {
    const shared = registry();
    if (!shared.waiting.has(mount)) return;
    if (Date.now() - shared.asked >= AGAIN) {
      shared.asked = Date.now();
      store.send({ op: "asset", name: "app" });
    }
    askLater(store, mount, AGAIN);
  }, wait);
}

/** Load the app from its code. It registers itself, which ends the waiting of every view. */
async function load(code: string): Promise<void> {
  if (registry().app) return;
  try {
    const module = await importCode(code);
    (module.default as { initialize(): void }).initialize();
  } catch (error) {
    console.error("nbchat: the app could not be loaded", error);
  }
}
