/** The styles of what comes with extras.js: added to the one sheet when that is there (`addStyles`). */
import attachments from "./attachments.css?inline";
import menu from "./menu.css?inline";

export const styles: string = [menu, attachments].join("\n");
