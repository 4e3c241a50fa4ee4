/** extras.js: what is opened on demand, and needs not be there when a thread is first drawn. */
export { languages } from "./highlight/more/languages.ts";
export { insertBelow } from "./hosts/insert.ts";
export { Menu } from "./views/model_menu.tsx";
export { tableCopy } from "./views/tables.ts";
