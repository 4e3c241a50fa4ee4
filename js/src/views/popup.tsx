/** What opens at a button: a dialog or a menu in the top layer. Escape closes it, and so does leaving it by Tab. */
import type { ComponentChildren, RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { placeMenu } from "./place.ts";

interface PopupProps {
  button: RefObject<HTMLButtonElement | null>;
  close: () => void;
  name: string;
  role?: "dialog" | "menu";
  kind?: string;
  /** Keys besides Escape and Tab; returns whether it was one of its own. */
  keys?: (event: KeyboardEvent) => boolean;
  children: ComponentChildren;
}

export function Popup({ button, close, name, role = "dialog", kind = "", keys, children }: PopupProps) {
  const root = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => placeMenu(root.current as HTMLElement, button.current as HTMLElement), [button]);
  const pressed = (event: KeyboardEvent) => {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Escape") close();
    else if (event.key === "Tab" && leaves(root.current as HTMLElement, event)) {
      close(); // the button has the focus now, and the host's own Tab goes on from there
      return;
    } else if (!keys?.(event)) return;
    event.preventDefault();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it always has a role, given by who opens it
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: and both roles are named
    <div
      class={`menu ${kind}`}
      popover="manual"
      ref={root}
      role={role}
      aria-label={name}
      tabIndex={-1}
      onKeyDown={pressed}
    >
      {children}
    </div>
  );
}

/** Whether this Tab leaves `root`: a menu is one stop, a dialog ends with its last one. */
function leaves(root: HTMLElement, event: KeyboardEvent): boolean {
  if (root.getAttribute("role") === "menu") return true;
  const stops = [...root.querySelectorAll<HTMLElement>("button:not([disabled]), input, [tabindex='0']")];
  const end = event.shiftKey ? stops[0] : stops.at(-1);
  const focused = (root.getRootNode() as ShadowRoot).activeElement;
  return !end || focused === end || focused === root;
}

/** Which of `count` rows is meant after this key; null where it moves nothing. Pages are of ten. */
export function movedBy(event: KeyboardEvent, at: number, count: number): number | null {
  const last = count - 1;
  const moves: Record<string, number> = {
    ArrowDown: Math.min(at + 1, last),
    ArrowUp: Math.max(at - 1, 0),
    PageDown: Math.min(at + 10, last),
    PageUp: Math.max(at - 10, 0),
    Home: 0,
    End: last,
  };
  return count > 0 && event.key in moves ? (moves[event.key] as number) : null;
}
