/** The styles of what comes with extras.js: added to the one sheet when that is there (`addStyles`). */
import attachments from "./attachments.css?inline";
import drawer from "./drawer.css?inline";
import kernel from "./kernel.css?inline";
import menu from "./menu.css?inline";
import opened from "./opened.css?inline";
import panel from "./panel.css?inline";
import run from "./run.css?inline";

export const styles: string = [menu, panel, drawer, kernel, attachments, opened, run].join("\n");
