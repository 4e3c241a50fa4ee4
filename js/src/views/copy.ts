/** Copying to the clipboard, also where the page is served over plain http and has no `navigator.clipboard`. */

const SHOWN = 1_500;

/** Copy `text`, and for programs that take markup `html` as well; returns whether it worked. */
export async function copyText(text: string, html = ""): Promise<boolean> {
  try {
    if (navigator.clipboard) {
      if (html) await navigator.clipboard.write([new ClipboardItem(flavours(text, html))]);
      else await navigator.clipboard.writeText(text);
      return true;
    }
  } catch {
    // no permission (an iframe, an unfocused page): the old way may still work
  }
  return copyBySelection(text, html);
}

function flavours(text: string, html: string): Record<string, Blob> {
  return {
    "text/plain": new Blob([text], { type: "text/plain" }),
    "text/html": new Blob([html], { type: "text/html" }),
  };
}

function copyBySelection(text: string, html: string): boolean {
  const focused = deepFocus();
  const area = document.createElement("textarea");
  area.value = text;
  area.style.cssText = "position:fixed;top:0;left:-9999px";
  area.addEventListener("copy", (event) => {
    if (!html || !event.clipboardData) return;
    event.clipboardData.setData("text/plain", text);
    event.clipboardData.setData("text/html", html);
    event.preventDefault();
  });
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

/** Show `text` on a button for a moment. */
export function showFor(button: HTMLElement, text: string): void {
  const label = button.dataset.label ?? button.textContent ?? "";
  button.dataset.label = label;
  button.textContent = text;
  setTimeout(() => {
    button.textContent = label;
  }, SHOWN);
}
