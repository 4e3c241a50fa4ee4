/**
 * Light or dark, as the host is: JupyterLab and Notebook, VS Code, Colab, marimo, else the system's wish.
 *
 * One observer for the page; each view's host element gets `data-theme`.
 */

const hosts = new Set<HTMLElement>();
let observing = false;

/** Keep the host's `data-theme` right; returns how to stop. */
export function followTheme(host: HTMLElement): () => void {
  hosts.add(host);
  host.dataset.theme = isDark(host) ? "dark" : "light";
  if (!observing) observe();
  return () => {
    hosts.delete(host);
  };
}

function observe(): void {
  observing = true;
  const fresh = new MutationObserver(refresh);
  const attributes = ["class", "theme", "data-jp-theme-light", "data-theme", "data-vscode-theme-kind", "style"];
  for (const node of [document.documentElement, document.body]) {
    fresh.observe(node, { attributes: true, attributeFilter: attributes });
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", refresh);
}

function refresh(): void {
  for (const host of hosts) host.dataset.theme = isDark(host) ? "dark" : "light";
}

/** Ask each host's own sign in turn; a page without any follows the system. */
function isDark(host: HTMLElement): boolean {
  const { body, documentElement: html } = document;
  const jupyter = body.dataset.jpThemeLight;
  if (jupyter !== undefined) return jupyter === "false";
  if (/\bvscode-(?:dark|high-contrast)\b/.test(body.className))
    return !body.classList.contains("vscode-high-contrast-light");
  if (body.classList.contains("vscode-light")) return false;
  const colab = html.getAttribute("theme");
  if (colab) return colab === "dark";
  return around(host) ?? matchMedia("(prefers-color-scheme: dark)").matches;
}

/** What the nearest element around says by its class, through the shadow roots of hosts that have some. */
function around(host: HTMLElement): boolean | null {
  for (let at: Element | null = host; at; at = at.parentElement ?? (at.getRootNode() as ShadowRoot).host ?? null) {
    if (at.classList.contains("dark")) return true;
    if (at.classList.contains("light")) return false;
  }
  return null;
}
