/** The styles of what comes with extras.js: added to the one sheet when that is there (`addStyles`). */
import attachments from "./attachments.css?inline";
import menu from "./menu.css?inline";
import opened from "./opened.css?inline";

export const styles: string = [menu, attachments, opened].join("\n");
