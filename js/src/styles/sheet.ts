/** The styles: one constructable sheet shared by all views' shadow roots, and the one rule that the page itself needs. */
import actions from "./actions.css?inline";
import code from "./code.css?inline";
import composer from "./composer.css?inline";
import layout from "./layout.css?inline";
import markdown from "./markdown.css?inline";
import message from "./message.css?inline";
import theme from "./theme.css?inline";
import tools from "./tools.css?inline";

let shared: CSSStyleSheet | undefined;

export function sheet(): CSSStyleSheet {
  if (!shared) {
    shared = new CSSStyleSheet();
    shared.replaceSync([theme, layout, message, actions, markdown, code, tools, composer].join("\n"));
  }
  return shared;
}

const RULE =
  ".jp-OutputArea-child:has(.nbchat-live) ~ .jp-OutputArea-child:has(a[href='#nbchat-transcript']) { display: none; }";
const ID = "nbchat-transcripts";

/** A turn's saved Markdown transcript stands below its live view for readers without one; with one it is hidden. */
export function hideTranscripts(): void {
  if (document.getElementById(ID)) return;
  const style = document.createElement("style");
  style.id = ID;
  style.textContent = RULE;
  document.head.append(style);
}
