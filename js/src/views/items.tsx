/** A menu: entries that arrows, Home, End and their first letters reach. */
import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { movedBy, Popup } from "./popup.tsx";

export interface Item {
  name: string;
  detail?: string;
  /** Stands above the first one of its kind, and is said with each. */
  head?: string;
  /** Absent: it is only told. */
  does?: () => void;
}

interface ItemsProps {
  name: string;
  items: readonly Item[];
  button: RefObject<HTMLButtonElement | null>;
  close: () => void;
}

export function Items({ name, items, button, close }: ItemsProps) {
  const root = useRef<HTMLDivElement>(null);
  const entries = () => [
    ...(root.current?.querySelectorAll<HTMLElement>("[role='menuitem']:not([aria-disabled])") ?? []),
  ];
  useEffect(() => entries()[0]?.focus(), []);
  const keys = (event: KeyboardEvent) => {
    const all = entries();
    const at = all.indexOf((event.target as HTMLElement).closest<HTMLElement>("[role='menuitem']") as HTMLElement);
    const moved = movedBy(event, at, all.length);
    if (moved !== null) all[moved]?.focus();
    else if (event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey)
      startingWith(event.key, all, at)?.focus();
    else return false;
    return true;
  };
  return (
    <Popup button={button} close={close} name={name} role="menu" kind="items" keys={keys}>
      <div ref={root} role="presentation">
        {items.map((item, at) => (
          <Entry key={item.name} item={item} first={items[at - 1]?.head !== item.head} close={close} />
        ))}
      </div>
    </Popup>
  );
}

function Entry({ item, first, close }: { item: Item; first: boolean; close: () => void }) {
  const inside: ComponentChildren = (
    <>
      <span>{item.name}</span>
      {item.detail && <small> {item.detail}</small>}
    </>
  );
  return (
    <>
      {first && item.head && (
        <p class="menu-head" aria-hidden="true">
          {item.head}
        </p>
      )}
      <button
        type="button"
        role="menuitem"
        class="row"
        tabIndex={-1}
        aria-label={item.head ? [item.head, item.name, item.detail].filter(Boolean).join(" ") : undefined}
        aria-disabled={item.does ? undefined : true}
        onClick={() => {
          if (!item.does) return;
          close();
          item.does();
        }}
      >
        {inside}
      </button>
    </>
  );
}

/** The next entry whose name begins with this letter. */
function startingWith(letter: string, all: readonly HTMLElement[], at: number): HTMLElement | undefined {
  const later = [...all.slice(at + 1), ...all.slice(0, at + 1)];
  return later.find((entry) => entry.textContent?.toLowerCase().startsWith(letter.toLowerCase()));
}
