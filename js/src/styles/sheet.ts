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

const CHILD = ".jp-OutputArea-child";
const KEPT = "a[href='#nbchat-transcript']";
const RULE = `${CHILD}:has(.nbchat-live, .nbchat-thread) ~ ${CHILD}:has(${KEPT}),
${CHILD}:has(> .jp-OutputArea-output.jupyter-widgets):has(+ ${CHILD} ${KEPT}) { display: none; }`;
const ID = "nbchat-transcripts";

/** The saved Markdown transcript stands below its live view for readers without one; with one it is hidden. Above
 * it, where its view was, ipywidgets says "model not found" to those, which is hidden, too. */
export function hideTranscripts(): void {
  if (document.getElementById(ID)) return;
  const style = document.createElement("style");
  style.id = ID;
  style.textContent = RULE;
  document.head.append(style);
}
