/** The styles: one constructable sheet shared by all views' shadow roots. */
import actions from "./actions.css?inline";
import attached from "./attached.css?inline";
import code from "./code.css?inline";
import composer from "./composer.css?inline";
import header from "./header.css?inline";
import layout from "./layout.css?inline";
import long from "./long.css?inline";
import markdown from "./markdown.css?inline";
import message from "./message.css?inline";
import theme from "./theme.css?inline";
import tools from "./tools.css?inline";

let shared: CSSStyleSheet | undefined;
const parts = new Map([
  ["app", [theme, layout, header, message, actions, markdown, long, code, tools, composer, attached].join("\n")],
]);

export function sheet(): CSSStyleSheet {
  if (!shared) {
    shared = new CSSStyleSheet();
    shared.replaceSync([...parts.values()].join("\n"));
  }
  return shared;
}

/** Add the styles of a part that was loaded later; once by its name. */
export function addStyles(name: string, css: string): void {
  if (parts.has(name)) return;
  parts.set(name, css);
  shared?.replaceSync([...parts.values()].join("\n"));
}
