/** The model menu: asks the kernel for a list and lets a model be found and chosen. Opened on demand. */
import { Fragment } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Store } from "../store.ts";
import type { ModelInfo } from "../wire/protocol.ts";
import { formatCount } from "./format.ts";
import { live } from "./live.ts";
import { placeMenu } from "./place.ts";

/** Rows that are drawn at most; catalogues list hundreds, and a filter finds the others. */
const ROWS_MOST = 60;

interface MenuProps {
  store: Store;
  button: { current: HTMLButtonElement | null };
  /** The model that is marked as chosen. */
  current: string;
  choose: (model: string) => void;
  close: () => void;
}

export function Menu({ store, button, current, choose, close }: MenuProps) {
  const { models } = live(store);
  const [filter, setFilter] = useState("");
  const [active, setActive] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => placeMenu(menu.current as HTMLElement, button.current as HTMLElement), [button]);
  useEffect(() => input.current?.focus(), []);
  const found = matching(models?.list ?? [], filter);
  const rows = found.slice(0, ROWS_MOST);
  const pick = (chosen: ModelInfo | undefined) => {
    if (!chosen) return;
    close();
    choose(chosen.id);
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key === "Escape") close();
    else if (event.key === "Enter" && !event.isComposing) pick(rows[active]);
    else if (event.key === "ArrowDown") setActive(Math.min(active + 1, rows.length - 1));
    else if (event.key === "ArrowUp") setActive(Math.max(active - 1, 0));
    else return;
    event.preventDefault();
  };
  return (
    <div class="menu" popover="manual" ref={menu} role="dialog" aria-label="Models" onKeyDown={keys}>
      <input
        ref={input}
        type="text"
        placeholder="Find a model"
        aria-label="Find a model"
        role="combobox"
        aria-expanded="true"
        aria-controls="nbchat-models"
        aria-activedescendant={rows[active] ? `nbchat-model-${active}` : undefined}
        value={filter}
        onInput={(event) => {
          setFilter(event.currentTarget.value);
          setActive(0);
        }}
      />
      {models?.error && <p class="menu-note warn">{`${models.error.text} ${models.error.hint}`}</p>}
      {!models && <p class="menu-note">Asking for models…</p>}
      {models && rows.length === 0 && <p class="menu-note">No model matches.</p>}
      <div role="listbox" id="nbchat-models" aria-label="Models" tabIndex={-1}>
        {rows.map((row, at) => (
          <Fragment key={row.id}>
            {heading(rows, at) && (
              <p class="menu-head" role="presentation">
                {heading(rows, at)}
              </p>
            )}
            <Row
              row={row}
              id={`nbchat-model-${at}`}
              active={at === active}
              current={row.id === current}
              choose={() => pick(row)}
            />
          </Fragment>
        ))}
      </div>
      {found.length > rows.length && (
        <p class="menu-note">{`${found.length - rows.length} more; type to find them.`}</p>
      )}
    </div>
  );
}

interface RowProps {
  row: ModelInfo;
  id: string;
  active: boolean;
  current: boolean;
  choose: () => void;
}

function Row({ row, id, active, current, choose }: RowProps) {
  const node = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (active) node.current?.scrollIntoView({ block: "nearest" });
  }, [active]);
  const context = row.context_length ? `${formatCount(row.context_length)} tokens` : "";
  const details = [context, row.price, row.can?.join(", "), row.about].filter(Boolean);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the combobox above handles the keys of its listbox
    <div
      role="option"
      tabIndex={-1}
      id={id}
      ref={node}
      aria-selected={current}
      class={active ? "row active" : "row"}
      onClick={choose}
    >
      <span>{row.name || row.id}</span>
      <small>{[row.id, ...details].join(" · ")}</small>
    </div>
  );
}

function matching(models: readonly ModelInfo[], filter: string): ModelInfo[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  return models.filter((model) => {
    const said = [model.id, model.name, model.words, ...(model.can ?? [])].join(" ").toLowerCase();
    return words.every((word) => said.includes(word));
  });
}

/** What stands above a row: the models that were asked last come first, and say so. */
function heading(rows: readonly ModelInfo[], at: number): string {
  const recent = rows[at]?.recent ?? false;
  const before = at === 0 ? null : (rows[at - 1]?.recent ?? false);
  if (recent === before || (at === 0 && !recent)) return "";
  return recent ? "Asked lately" : "All others";
}
