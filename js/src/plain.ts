/** A view without the app: its messages as plain text, so that nobody looks at an empty box. */
import type { Store } from "./store.ts";
import { textOf } from "./wire/reduce.ts";

export function plain(host: HTMLElement, store: Store): () => void {
  const text = document.createElement("div");
  text.style.cssText = "white-space:pre-wrap;padding:8px 12px;overflow-wrap:anywhere";
  const draw = () => {
    const { kind, messages } = store.state;
    const shown = kind === "turn" ? messages.filter((message) => message.role !== "user") : messages;
    text.textContent = shown.map((message) => textOf(message) || (message.error?.text ?? "")).join("\n\n");
  };
  draw();
  host.append(text);
  const unsubscribe = store.subscribe(draw);
  return () => {
    unsubscribe();
    text.remove();
  };
}
