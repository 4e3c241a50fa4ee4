/**
 * The app: what draws views. It is the `_esm` of one hidden model per kernel and registers itself for every view of the page.
 *
 * Owns the shadow root and the styles in it; the state of a view is its store's.
 */
import { render } from "preact";
import { kit } from "./kit.ts";
import { remember } from "./memory.ts";
import { register, registry, tellPlaces } from "./registry.ts";
import type { Store } from "./store.ts";
import { sheet } from "./styles/sheet.ts";
import { hideTranscripts } from "./styles/transcripts.ts";
import { serveContent } from "./views/content.ts";
import { guard } from "./views/guard.ts";
import { DrawerPlace } from "./views/header.tsx";
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
  if (host.parentElement) host.parentElement.style.flexGrow ||= "1"; // its share of a row of widgets
  const leaveTheme = followTheme(host);
  const leaveMemory = remember(store);
  const leaveGuard = guard(host);
  const { places } = registry();
  places.set(host, store);
  tellPlaces();
  const leaveContent = serveContent(root, store);
  render(<View store={store} />, frame);
  prefetchExtras();
  return () => {
    leaveTheme();
    leaveGuard();
    leaveContent();
    render(null, frame);
    leaveMemory();
    places.delete(host);
    tellPlaces();
    frame.remove();
  };
}

function View({ store }: { store: Store }) {
  const { kind, conversation } = live(store);
  if (kind === "turn") return <Turn store={store} key={conversation} />;
  return (
    <>
      <DrawerPlace store={store} />
      <Thread store={store} key={conversation} />
    </>
  );
}

function initialize(): void {
  hideTranscripts();
  registry().kit = kit;
  register({ mount, lastCode, compose });
}

export default { initialize, render: () => {} };
