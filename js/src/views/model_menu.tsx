/**
 * The model menu: lets a model be found and chosen. Opened on demand. The kernel searches, and sends a hundred rows of what may be
 * ten thousand; those that were asked lately come first.
 */
import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { call, errorOf } from "../calls.ts";
import type { Store } from "../store.ts";
import type { ModelInfo, ModelList } from "../wire/calls.ts";
import type { ErrorInfo } from "../wire/messages.ts";
import { formatCount, shortCount } from "./format.ts";
import { movedBy, Popup } from "./popup.tsx";

/** Between a key and the question to the kernel. Milliseconds. */
const TYPING = 80;

interface MenuProps {
  store: Store;
  button: RefObject<HTMLButtonElement | null>;
  /** The model that is marked as chosen. */
  current: string;
  choose: (model: string) => void;
  close: () => void;
}

export function Menu({ store, button, current, choose, close }: MenuProps) {
  const [query, setQuery] = useState("");
  const [active, setActive] = useState(0);
  const { list, answered, failed } = useModels(store, query);
  const input = useRef<HTMLInputElement>(null);
  /** Enter came before the models of what was typed. */
  const [eager, setEager] = useState(false);
  useEffect(() => input.current?.focus(), []);
  const rows = list?.models ?? [];
  const pick = (chosen: ModelInfo | undefined) => {
    if (!chosen) return;
    close();
    choose(chosen.id);
  };
  useEffect(() => {
    if (eager && answered === query) pick(rows[0]);
  });
  const keys = (event: KeyboardEvent) => {
    const inText = (event.key === "Home" || event.key === "End") && query !== "" && !event.ctrlKey;
    const moved = inText ? null : movedBy(event, active, rows.length);
    if (moved !== null) setActive(moved);
    else if (event.key === "Enter" && answered === input.current?.value) pick(rows[active]);
    else if (event.key === "Enter") setEager(true);
    return moved !== null || event.key === "Enter";
  };
  return (
    <Popup button={button} close={close} name="Models" keys={keys}>
      <input
        ref={input}
        type="text"
        placeholder="Find a model"
        aria-label="Find a model"
        role="combobox"
        aria-expanded="true"
        aria-autocomplete="list"
        aria-controls="nbchat-models"
        aria-activedescendant={rows[active] ? `nbchat-model-${active}` : undefined}
        value={query}
        onInput={(event) => {
          setQuery(event.currentTarget.value);
          setActive(0);
          setEager(false);
        }}
      />
      {[failed, list?.error].map((error) => error && <Trouble key={error.text} error={error} />)}
      <Rows rows={rows} total={list?.total ?? 0} active={active} current={current} pick={pick} />
      <p class="menu-note" role="status">
        {said(list, failed)}
      </p>
    </Popup>
  );
}

/** The models for a query, as the kernel finds them; until they come, those of the one before. */
function useModels(store: Store, query: string) {
  const [found, setFound] = useState<{ list: ModelList | null; answered: string | null; failed: ErrorInfo | null }>({
    list: null,
    answered: null,
    failed: null,
  });
  useEffect(() => {
    let wanted = true;
    const ask = async () => {
      try {
        const list = await call(store, "models", { query });
        if (wanted) setFound({ list, answered: query, failed: null });
      } catch (error) {
        if (wanted) setFound((before) => ({ ...before, answered: query, failed: errorOf(error) }));
      }
    };
    const timer = setTimeout(ask, query ? TYPING : 0);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [store, query]);
  return found;
}

export function Trouble({ error }: { error: ErrorInfo }) {
  return (
    <p class="menu-note warn" role="alert">
      {sentence(error.text)} {error.hint}
    </p>
  );
}

/** With a full stop at its end, so that another sentence can follow. */
function sentence(text: string): string {
  return /[.!?…:]$/.test(text) ? text : `${text}.`;
}

function said(list: ModelList | null, failed: ErrorInfo | null): string {
  if (!list) return failed ? "" : "Asking for models…";
  const { models, total } = list;
  if (total === 0) return "No model matches.";
  const count = `${formatCount(total)} model${total === 1 ? "" : "s"}`;
  const more =
    total > models.length ? `${formatCount(models.length)} of ${count}; type to find the others.` : `${count}.`;
  return models.some((row) => row.price) ? `${more} Prices are per million tokens.` : more;
}

interface RowsProps {
  rows: readonly ModelInfo[];
  total: number;
  active: number;
  current: string;
  pick: (row: ModelInfo) => void;
}

function Rows({ rows, total, active, current, pick }: RowsProps) {
  const recent = rows.filter((row) => row.recent).length;
  const groups = [
    { name: "Asked lately", from: 0, to: recent },
    { name: recent ? "All others" : "Models", from: recent, to: rows.length },
  ];
  return (
    <div role="listbox" id="nbchat-models" aria-label="Models" tabIndex={-1}>
      {groups.map(
        ({ name, from, to }) =>
          to > from && (
            // biome-ignore lint/a11y/useSemanticElements: a group of options, not of form fields
            <div role="group" aria-label={name} key={name}>
              {recent > 0 && (
                <p class="menu-head" aria-hidden="true">
                  {name}
                </p>
              )}
              {rows.slice(from, to).map((row, n) => (
                <Row
                  key={row.id}
                  row={row}
                  at={from + n}
                  total={total}
                  active={from + n === active}
                  current={row.id === current}
                  choose={() => pick(row)}
                />
              ))}
            </div>
          ),
      )}
    </div>
  );
}

interface RowProps {
  row: ModelInfo;
  at: number;
  total: number;
  active: boolean;
  current: boolean;
  choose: () => void;
}

function Row({ row, at, total, active, current, choose }: RowProps) {
  const node = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (active) node.current?.scrollIntoView({ block: "nearest" });
  }, [active]);
  const context = row.context_length ? `${shortCount(row.context_length)} context` : "";
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the combobox above handles the keys of its listbox
    // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the combobox
    <div
      role="option"
      id={`nbchat-model-${at}`}
      ref={node}
      aria-selected={current}
      aria-posinset={at + 1}
      aria-setsize={total}
      class={active ? "row active" : "row"}
      onClick={choose}
    >
      <span class="row-head">
        <span>{row.name || row.id}</span>
        {row.price && (
          <small class="row-price" title="US dollars per million tokens">
            {row.price[0]} in · {row.price[1]} out
          </small>
        )}
      </span>
      <small>
        {[row.id, context, row.about].filter(Boolean).join(" · ")}
        {row.can?.map((each) => (
          <span class="tag" key={each}>
            {each}
          </span>
        ))}
      </small>
    </div>
  );
}
