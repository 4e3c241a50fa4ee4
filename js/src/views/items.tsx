/** A menu: entries that arrows, Home, End and their first letters reach. */
import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { movedBy, Popup } from "./popup.tsx";

export interface Item {
  name: string;
  detail?: string;
  /** Names the group that it is in, whose entries follow each other. */
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
        {[...new Set(items.map(({ head }) => head))].map((head) => (
          // biome-ignore lint/a11y/useSemanticElements: a group of entries, not of form fields
          <div key={head} role="group" aria-label={head ?? name}>
            {head && (
              <p class="menu-head" aria-hidden="true">
                {head}
              </p>
            )}
            {items.map((item) => item.head === head && <Entry key={item.name} item={item} close={close} />)}
          </div>
        ))}
      </div>
    </Popup>
  );
}

function Entry({ item, close }: { item: Item; close: () => void }) {
  return (
    <button
      type="button"
      role="menuitem"
      class="row"
      tabIndex={-1}
      aria-disabled={item.does ? undefined : true}
      onClick={() => {
        if (!item.does) return;
        close();
        item.does();
      }}
    >
      <span>{item.name}</span>
      {item.detail && <small> {item.detail}</small>}
    </button>
  );
}

/** The next entry whose name begins with this letter. */
function startingWith(letter: string, all: readonly HTMLElement[], at: number): HTMLElement | undefined {
  const later = [...all.slice(at + 1), ...all.slice(0, at + 1)];
  return later.find((entry) => entry.textContent?.toLowerCase().startsWith(letter.toLowerCase()));
}
