/** The one rule that the page itself needs: what a saved notebook keeps for readers without a kernel is not shown twice. */

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
