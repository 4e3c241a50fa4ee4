/** Copying to the clipboard, also where the page is served over plain http and has no `navigator.clipboard`. */
import { CodeBlock } from "../markdown/codeblock.ts";

const SHOWN = 1_500;

/** Copy `text`; returns whether it worked. */
export async function copyText(text: string): Promise<boolean> {
  try {
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(text);
      return true;
    }
  } catch {
    // no permission (an iframe, an unfocused page): the old way may still work
  }
  return copyBySelection(text);
}

function copyBySelection(text: string): boolean {
  const focused = deepFocus();
  const area = document.createElement("textarea");
  area.value = text;
  area.style.cssText = "position:fixed;top:0;left:-9999px";
  document.body.append(area);
  area.select();
  let done = false;
  try {
    done = document.execCommand("copy");
  } catch {
    done = false;
  }
  area.remove();
  focused?.focus({ preventScroll: true });
  return done;
}

function deepFocus(): HTMLElement | null {
  let focused = document.activeElement;
  while (focused?.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
  return focused as HTMLElement | null;
}

/** Copy, and say on the button for a moment how it went. */
export async function copyFrom(button: HTMLElement, text: string): Promise<void> {
  const label = button.dataset.label ?? button.textContent ?? "Copy";
  button.dataset.label = label;
  button.textContent = (await copyText(text)) ? "Copied" : "Copy failed";
  setTimeout(() => {
    button.textContent = label;
  }, SHOWN);
}

/** A click on any code block's copy button below `root`. */
export function onCodeCopy(event: MouseEvent): void {
  const button = (event.target as Element).closest<HTMLElement>("[data-copy]");
  const frame = button?.closest(".code");
  const block = frame && CodeBlock.of(frame);
  if (button && block) void copyFrom(button, block.text);
}
