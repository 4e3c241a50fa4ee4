/** A line that a view says to screen readers once something asked for is done: there is nothing to see of it elsewhere. */

/** Say `text` in the polite region of this view, even if it is the same as before. */
export function say(root: Element, text: string): void {
  const frame = root.closest(".nbchat") ?? root;
  let region = frame.querySelector<HTMLElement>(":scope > .said");
  if (!region) {
    region = document.createElement("div");
    region.className = "said hidden";
    region.setAttribute("role", "status");
    frame.append(region);
  }
  region.textContent = "";
  setTimeout(() => {
    region.textContent = text;
  }, 50);
}
