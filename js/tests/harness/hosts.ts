/**
 * The grounds on which views stand: the signs that each host puts on its page, and the background of its usual themes.
 *
 * Colours are those of the themes' own files: JupyterLab 4.6 (theme-*-extension), VS Code (theme-defaults, solarized, monokai).
 */

function jupyter(light: boolean, ground: string): () => void {
  return () => {
    document.body.dataset.jpThemeLight = String(light);
    document.body.style.setProperty("--jp-layout-color1", ground);
  };
}

/** Its output container is forced white, whatever the theme. */
function vscode(classes: string, ground: string): () => void {
  return () => {
    document.body.className = classes;
    document.documentElement.style.setProperty("--vscode-editor-background", ground);
    document.getElementById("view")?.style.setProperty("background", "#fff");
  };
}

const HOSTS: Record<string, () => void> = {
  "jupyter-light": jupyter(true, "#ffffff"),
  "jupyter-dark": jupyter(false, "#212121"),
  "jupyter-dark-contrast": jupyter(false, "#000000"),
  "vscode-light": vscode("vscode-light", "#ffffff"),
  "vscode-dark": vscode("vscode-dark", "#1e1e1e"),
  "vscode-modern-dark": vscode("vscode-dark", "#1f1f1f"),
  "vscode-solarized-light": vscode("vscode-light", "#fdf6e3"),
  "vscode-solarized-dark": vscode("vscode-dark", "#002b36"),
  "vscode-monokai": vscode("vscode-dark", "#272822"),
  "vscode-contrast": vscode("vscode-high-contrast", "#000000"),
  "vscode-contrast-light": vscode("vscode-high-contrast vscode-high-contrast-light", "#ffffff"),
  "colab-light": () => document.documentElement.setAttribute("theme", "light"),
  "colab-dark": () => document.documentElement.setAttribute("theme", "dark"),
  "marimo-light": () => document.body.classList.add("light"),
  "marimo-dark": () => document.body.classList.add("dark"),
};

/** Make the page one of this host's, whatever it was. */
export function ground(name: string): void {
  const { body, documentElement: html } = document;
  for (const node of [html, body, document.getElementById("view")]) node?.removeAttribute("style");
  html.removeAttribute("theme");
  body.className = "";
  delete body.dataset.jpThemeLight;
  const host = HOSTS[name];
  if (!host) throw new Error(`no host ${name}`);
  host();
  body.style.background = name.includes("dark") || name === "vscode-contrast" ? "#111" : "#fff";
}

export const HOST_NAMES = Object.keys(HOSTS);
