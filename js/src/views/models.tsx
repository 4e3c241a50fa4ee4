/** The model's name in the header: a button that opens the model menu. */
import { useEffect, useRef, useState } from "preact/hooks";
import { chooseModel } from "../asks.ts";
import type { Store } from "../store.ts";
import { shortModel } from "./format.ts";
import { ChevronIcon } from "./icons.tsx";
import { lazy } from "./lazy.tsx";
import { live } from "./live.ts";

export const Menu = lazy((extras) => extras.Menu);

/** Whether a menu is open, and the nodes that it belongs to; a click elsewhere closes it. */
export function useMenu() {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!open) return;
    const outside = (event: Event) => {
      if (!event.composedPath().includes(root.current as EventTarget)) setOpen(false);
    };
    document.addEventListener("pointerdown", outside, true);
    return () => document.removeEventListener("pointerdown", outside, true);
  }, [open]);
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  return { open, setOpen, root, button, close };
}

export function ModelMenu({ store }: { store: Store }) {
  const { open, setOpen, root, button, close } = useMenu();
  const { model, engine } = live(store);
  const state = engine.state === "idle" || engine.state === "generating" ? "" : ` (${engine.state})`;
  return (
    <span class="models" ref={root}>
      <button
        type="button"
        class="model"
        ref={button}
        aria-label={model && `Model: ${model}`}
        title={model ? `${model}${state}` : "No model chosen"}
        aria-haspopup="dialog"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <span>{shortModel(model) || "Choose a model"}</span>
        <ChevronIcon />
      </button>
      {open && (
        <Menu
          store={store}
          button={button}
          current={model}
          choose={(chosen) => chooseModel(store, chosen)}
          close={close}
        />
      )}
    </span>
  );
}
