/**
 * The names that a question can mention, in a list that opens behind an `@`: arrows choose, Tab or Enter take, Escape closes. From
 * extras.js.
 *
 * The box keeps the focus and its own keys; what the list takes of them the box does not get.
 */
import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { call } from "../calls.ts";
import type { Store } from "../store.ts";
import { placeMenu } from "./place.ts";

/** What stands right before the caret, if that may become a name. */
const BEGUN = /(?:^|[^\w@\\./-])@([\p{L}\p{N}_[\]]*)$/u;
const MOST = 50;

type Box = RefObject<HTMLTextAreaElement | null>;
type Row = readonly [name: string, kind: string];

export function NamesList({ store, box, draft }: { store: Store; box: Box; draft: string }) {
  const [names, setNames] = useState<readonly Row[]>([]);
  const [at, setAt] = useState(0);
  const [closed, setClosed] = useState<string | null>(null);
  const begun = useBegun(box, draft);
  const opens = begun !== null;
  useEffect(() => {
    if (!opens) return setClosed(null);
    let left = false;
    setAt(0);
    call(store, "names", {}).then(
      (reply) => left || setNames(reply.names),
      () => {},
    );
    return () => {
      left = true;
    };
  }, [store, opens]);
  const rows = begun === null || begun === closed ? [] : matching(names, begun);
  const only = rows.length === 1 && rows[0]?.[0] === begun;
  const shown = only ? [] : rows;
  const active = Math.min(at, shown.length - 1);
  const take = (row: Row | undefined) => {
    const area = box.current;
    if (!area || !row || begun === null) return;
    const end = area.selectionStart;
    area.setRangeText(row[0], end - begun.length, end, "end");
    setClosed(row[0]);
    area.dispatchEvent(new InputEvent("input", { bubbles: true }));
    area.focus();
  };
  useKeys(box, shown.length > 0, (event) => {
    const whole = names.some(([name]) => name === begun);
    if (event.key === "ArrowDown") setAt((active + 1) % shown.length);
    else if (event.key === "ArrowUp") setAt((active + shown.length - 1) % shown.length);
    else if (event.key === "Escape") setClosed(begun);
    else if ((event.key === "Tab" || (event.key === "Enter" && (!whole || at > 0))) && !event.shiftKey)
      take(shown[active]);
    else return false;
    return true;
  });
  return shown.length > 0 ? <List rows={shown} active={active} box={box} take={take} /> : null;
}

interface ListProps {
  rows: readonly Row[];
  active: number;
  box: Box;
  take: (row: Row) => void;
}

function List({ rows, active, box, take }: ListProps) {
  const root = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => placeMenu(root.current as HTMLElement, box.current as HTMLElement, true), [box]);
  useLayoutEffect(() => {
    const area = box.current;
    const row = root.current?.querySelector<HTMLElement>(".active");
    row?.scrollIntoView({ block: "nearest" });
    area?.setAttribute("aria-activedescendant", row?.id ?? "");
    area?.setAttribute("aria-controls", "nbchat-names");
    return () => {
      area?.removeAttribute("aria-activedescendant");
      area?.removeAttribute("aria-controls");
    };
  }, [box, active]);
  return (
    <div class="menu names" popover="manual" ref={root}>
      <div role="listbox" id="nbchat-names" aria-label="Names in the notebook">
        {rows.map((row, at) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the box has the focus and the keys
          // biome-ignore lint/a11y/useFocusableInteractive: the box points at the active one
          <div
            key={row[0]}
            id={`nbchat-name-${at}`}
            class={at === active ? "row active" : "row"}
            role="option"
            aria-selected={at === active}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => take(row)}
          >
            <span class="row-head">
              <span class="row-name">@{row[0]}</span>
              <small>{row[1]}</small>
            </span>
          </div>
        ))}
      </div>
    </div>
  );
}

/** What of a name stands before the caret; null where none does. */
function useBegun(box: Box, draft: string): string | null {
  const [begun, setBegun] = useState<string | null>(null);
  useEffect(() => {
    const area = box.current;
    if (!area) return;
    const look = () => {
      const { value, selectionStart, selectionEnd } = area;
      const inside = selectionStart === selectionEnd && (area.getRootNode() as ShadowRoot).activeElement === area;
      const before = value.slice(Math.max(selectionStart - 100, 0), selectionStart);
      setBegun(inside ? (BEGUN.exec(before)?.[1] ?? null) : null);
    };
    look();
    const events = ["keyup", "click", "focus", "blur"];
    for (const name of events) area.addEventListener(name, look);
    return () => {
      for (const name of events) area.removeEventListener(name, look);
    };
  }, [box, draft]);
  return begun;
}

/** Take keys before the box does, while `open`. */
function useKeys(box: Box, open: boolean, take: (event: KeyboardEvent) => boolean): void {
  const latest = useRef(take);
  latest.current = take;
  useEffect(() => {
    const area = box.current;
    if (!area || !open) return;
    const pressed = (event: KeyboardEvent) => {
      if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey || !latest.current(event)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    };
    area.addEventListener("keydown", pressed, true);
    return () => area.removeEventListener("keydown", pressed, true);
  }, [box, open]);
}

function matching(names: readonly Row[], begun: string): Row[] {
  const wanted = begun.toLowerCase();
  return names.filter(([name]) => name.toLowerCase().startsWith(wanted)).slice(0, MOST);
}
