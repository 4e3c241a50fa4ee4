/**
 * The thread's header: what conversation this is, what it cost and how full its context is, its model, and the menu of everything
 * else. What opens from here comes when it is first needed (extras.js).
 */
import { useRef } from "preact/hooks";
import type { Store } from "../store.ts";
import { isNothing } from "./format.ts";
import { LockIcon, MoreIcon } from "./icons.tsx";
import { later, lazy } from "./lazy.tsx";
import { live, perStore } from "./live.ts";
import { ModelMenu, useMenu } from "./models.tsx";
import { shareOf } from "./outlook.tsx";
import { Title } from "./title.tsx";

const Breakdown = lazy((extras) => extras.BreakdownPanel);
const MoreMenu = lazy((extras) => extras.MoreMenu);
const AlsoOpen = later((extras) => extras.AlsoOpen);
const BusyDot = later((extras) => extras.BusyDot);
const KernelLine = later((extras) => extras.KernelLine);
const Drawer = lazy((extras) => extras.Drawer);

export function Header({ store }: { store: Store }) {
  const { continues, private: secret } = live(store);
  return (
    <header class="header">
      <div class="title">
        <Title store={store} />
        <p class="under-title">
          {continues && <span title={continues}>{continues}</span>}
          <AlsoOpen store={store} />
        </p>
      </div>
      <BusyDot store={store} />
      <Money store={store} />
      <ModelMenu store={store} />
      <More store={store} />
      {secret && (
        <p class="private" title="This conversation is neither in the database nor in the notebook.">
          <LockIcon />
          private: nothing is saved
        </p>
      )}
      <KernelLine store={store} />
    </header>
  );
}

/** What the conversation has cost and how full the context is; opened, what that is made of. */
function Money({ store }: { store: Store }) {
  const { open, setOpen, root, button, close } = useMenu();
  const { cost, usage, outlook } = live(store);
  const asked = !isNothing(usage) && cost !== "";
  const gauge = outlook && shareOf(outlook);
  if (!asked && !gauge) return null;
  const money = cost === "–" ? "cost –" : cost;
  const words = [asked && `Cost of the whole conversation: ${cost}`, gauge && `Context: ${gauge.words}`];
  return (
    <span class="money" ref={root}>
      <button
        type="button"
        class={`totals ${gauge?.state ?? ""}`}
        ref={button}
        aria-haspopup="dialog"
        aria-expanded={open}
        aria-label={[...words, "Details"].filter(Boolean).join(". ")}
        title={[...words, "Click for where it went"].filter(Boolean).join("\n")}
        onClick={() => setOpen(!open)}
      >
        {gauge && <Ring share={gauge.share} />}
        {asked && <span>{money}</span>}
      </button>
      {open && <Breakdown store={store} button={button} close={close} />}
    </span>
  );
}

function Ring({ share }: { share: number }) {
  return (
    <svg class="ring" viewBox="0 0 16 16" width="15" height="15" aria-hidden="true" focusable="false">
      <circle cx="8" cy="8" r="6" pathLength="100" />
      <circle cx="8" cy="8" r="6" pathLength="100" stroke-dasharray={`${Math.min(share, 1) * 100} 100`} />
    </svg>
  );
}

function More({ store }: { store: Store }) {
  const { open, setOpen, root, button, close } = useMenu();
  const keys = (event: KeyboardEvent) => {
    if (event.key !== "ArrowDown" || open) return;
    event.preventDefault();
    setOpen(true);
  };
  return (
    <span class="more" ref={root}>
      <button
        type="button"
        class="action"
        ref={button}
        aria-label="More"
        title="More"
        aria-haspopup="menu"
        aria-expanded={open}
        onKeyDown={keys}
        onClick={() => setOpen(!open)}
      >
        <MoreIcon />
      </button>
      {open && <MoreMenu store={store} button={button} close={close} />}
    </span>
  );
}

// ---------------------------------------------------------------- the drawer

/** The view of the model in which the drawer of conversations is open, by its root; it outlives the thread that it changes. */
export const drawerOf = perStore<Node | null>(null);

export function DrawerPlace({ store }: { store: Store }) {
  const place = useRef<HTMLDivElement>(null);
  const open = drawerOf(store).value;
  return (
    <div class="drawer-place" ref={place}>
      {open !== null && open === place.current?.getRootNode() && (
        <Drawer store={store} close={() => closeDrawer(store, place.current)} />
      )}
    </div>
  );
}

/** Close it, and give the focus to the button that opens it. */
function closeDrawer(store: Store, place: Element | null): void {
  drawerOf(store).value = null;
  place?.parentElement?.querySelector<HTMLElement>(".more .action")?.focus();
}
