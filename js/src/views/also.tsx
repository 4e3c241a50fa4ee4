/** Where else a conversation is shown: "also open in 2 views", and the way there; and which other kernels have to do with it. */
import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";
import { countElsewhere, onPlaces, placesBeside } from "../places.ts";
import { registry } from "../registry.ts";
import type { Store } from "../store.ts";
import type { Kernels } from "../wire/traits.ts";
import { textToRead } from "./format.ts";
import { type Item, Items } from "./items.tsx";
import { live } from "./live.ts";
import { useMenu } from "./models.tsx";

export function AlsoOpen({ store }: { store: Store }) {
  const { open, setOpen, root, button, close } = useMenu();
  const [words, setWords] = useState("");
  const { conversation, kernels } = live(store);
  useEffect(() => {
    const look = () => setWords(root.current && conversation ? elsewhere(root.current, store) : "");
    look();
    return onPlaces(look);
  }, [store, conversation, root]);
  return (
    <span ref={root}>
      {kernels && <span class="kernels">{kernelWords(kernels)} </span>}
      {words && (
        <button
          type="button"
          class="also"
          ref={button}
          aria-haspopup="menu"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
        >
          {words}
        </button>
      )}
      {open && words && <PlacesMenu store={store} button={button} close={close} />}
    </span>
  );
}

/** Which other kernel answers, or follows what this one answers. */
export function kernelWords({ producer, watchers }: Kernels): string {
  return producer ? `answered by the kernel of ${producer}` : `also followed in ${counted(watchers, "other kernel")}`;
}

/** The host element of the view that a node is in. */
function hostOf(node: Element): HTMLElement {
  return (node.getRootNode() as ShadowRoot).host as HTMLElement;
}

function elsewhere(node: Element, store: Store): string {
  const { places } = registry();
  const beside = placesBeside(hostOf(node), store).map((host) => places.get(host)?.state.kind);
  const far = countElsewhere(store);
  const threads = beside.filter((kind) => kind !== "turn").length + far.threads;
  const cells = beside.length - (threads - far.threads) + far.cells;
  const parts = [threads && counted(threads, "view"), cells && counted(cells, "cell")].filter(Boolean);
  return parts.length > 0 ? `also open in ${parts.join(" and ")}` : "";
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

interface MenuProps {
  store: Store;
  button: RefObject<HTMLButtonElement | null>;
  close: () => void;
}

function PlacesMenu({ store, button, close }: MenuProps) {
  const host = button.current && hostOf(button.current);
  const beside = host ? placesBeside(host, store) : [];
  const far = countElsewhere(store);
  const pages = far.threads + far.cells;
  const items: Item[] = beside.map((place) => {
    const there = registry().places.get(place);
    return { name: nameOf(there), does: () => show(place) };
  });
  if (pages > 0) {
    const views = `${pages} view${pages === 1 ? "" : "s"}`;
    items.push({ name: `${views} in other tabs of this browser`, detail: "they follow along" });
  }
  return <Items name="Also open in" items={items} button={button} close={close} />;
}

function nameOf(store: Store | undefined): string {
  if (store?.state.kind !== "turn") return "A thread on this page";
  const question = store.state.messages.find((message) => message.role === "user");
  const words = (question ? textToRead(question) : "").replace(/\s+/g, " ").trim();
  return words ? `Cell: ${words.length > 60 ? `${words.slice(0, 59)}…` : words}` : "A cell on this page";
}

function show(place: HTMLElement): void {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  place.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
  place.shadowRoot?.querySelector<HTMLElement>(".log, .turn")?.focus({ preventScroll: true });
}
