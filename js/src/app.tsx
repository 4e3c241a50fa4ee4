/**
 * The app: what draws views. It is the `_esm` of one hidden model per kernel and registers itself for every view of the page.
 *
 * Owns the shadow root and the styles in it; the state of a view is its store's.
 */
import { render } from "preact";
import { kit } from "./kit.ts";
import { remember } from "./memory.ts";
import { register, registry } from "./registry.ts";
import type { Store } from "./store.ts";
import { sheet } from "./styles/sheet.ts";
import { hideTranscripts } from "./styles/transcripts.ts";
import { serveContent } from "./views/content.ts";
import { prefetchExtras } from "./views/lazy.tsx";
import { live } from "./views/live.ts";
import { compose, lastCode } from "./views/outside.ts";
import { followTheme } from "./views/theme.ts";
import { Thread } from "./views/thread.tsx";
import { Turn } from "./views/turn.tsx";

/** Draw `store` into `host`, inside an open shadow root; returns how to take it away. */
function mount(host: HTMLElement, store: Store): () => void {
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  root.adoptedStyleSheets = [sheet()];
  const frame = document.createElement("div");
  frame.className = "nbchat";
  root.replaceChildren(frame);
  const leaveTheme = followTheme(host);
  const leaveMemory = remember(store);
  for (const name of ["keydown", "keypress", "keyup"]) host.addEventListener(name, stopKey);
  const leaveContent = serveContent(root, store);
  render(<View store={store} />, frame);
  prefetchExtras();
  return () => {
    leaveTheme();
    for (const name of ["keydown", "keypress", "keyup"]) host.removeEventListener(name, stopKey);
    leaveContent();
    render(null, frame);
    leaveMemory();
    frame.remove();
  };
}

function View({ store }: { store: Store }) {
  const { kind, conversation } = live(store);
  return kind === "turn" ? <Turn store={store} key={conversation} /> : <Thread store={store} key={conversation} />;
}

/** Keys typed into a view are no commands of the host: "d" twice on a button of ours must not delete the cell. */
function stopKey(event: Event): void {
  event.stopPropagation();
}

function initialize(): void {
  hideTranscripts();
  registry().kit = kit;
  register({ mount, lastCode, compose });
}

export default { initialize, render: () => {} };
