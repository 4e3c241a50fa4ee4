/**
 * Whether long lines of code are wrapped: one choice for the page, kept by the browser for the next time.
 *
 * The choice is an attribute of each view's host, which the styles look at.
 */

const KEY = "nbchat wrap";
const hosts = new Set<HTMLElement>();
let wrapped: boolean | undefined;

export function isWrapped(): boolean {
  wrapped ??= read();
  return wrapped;
}

/** Keep a view as the choice is; returns how to stop. */
export function followWrapping(host: HTMLElement): () => void {
  hosts.add(host);
  show(host);
  return () => {
    hosts.delete(host);
  };
}

/** Choose the other way, in all views. */
export function toggleWrapping(): void {
  wrapped = !isWrapped();
  try {
    localStorage.setItem(KEY, wrapped ? "yes" : "");
  } catch {
    // no storage in this page: the choice lasts as long as it
  }
  for (const host of hosts) show(host);
}

function show(host: HTMLElement): void {
  host.toggleAttribute("data-wrap", isWrapped());
  for (const button of host.shadowRoot?.querySelectorAll("[data-do=wrap]") ?? [])
    button.setAttribute("aria-pressed", String(isWrapped()));
}

function read(): boolean {
  try {
    return localStorage.getItem(KEY) === "yes";
  } catch {
    return false;
  }
}
