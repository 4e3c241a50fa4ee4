/** Mounts the scene that the address names (?scene=thread&theme=dark), with the built bundles and a model without a kernel. */
import { scenes } from "./scenes.ts";

const query = new URLSearchParams(location.search);
document.body.dataset.jpThemeLight = String(query.get("theme") !== "dark");

const [widget, app] = await Promise.all(["./widget.js", "./app.js"].map((path) => import(path)));
const { model, after } = (scenes[query.get("scene") ?? "thread"] as (typeof scenes)[string])();
const { initialize, render } = widget.default();
model.onSend = async (message) => {
  if (message.op !== "asset") return;
  const code = await (await fetch(`./${message.name}.js`)).text();
  model.deliver({ op: "asset", name: message.name, code });
};
initialize({ model });
render({ model, el: document.getElementById("view") });
app.default.initialize();
Object.assign(globalThis, { model, sceneNames: Object.keys(scenes) });
setTimeout(() => after?.(), 50);
