/** extras.js: what is opened on demand, and needs not be there when a thread is first drawn. */
export { Menu } from "./views/model_menu.tsx";
