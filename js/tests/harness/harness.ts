/**
 * Mounts the scene that the address names (?scene=thread&host=vscode-dark), with the built bundles and a model without a
 * kernel. `atRest` is true when nothing has changed for a while: scenes click, and parts of the front end come when needed.
 */
import type { Incoming, Outgoing } from "../../src/wire/protocol.ts";
import { ground } from "./hosts.ts";
import { scenes } from "./scenes.ts";
import { scrollTo } from "./stage.ts";

const QUIET = 100;
const REST_MOST = 60_000;
/**
 * What would come or go by itself after so long does not, or at once where a scene says that the time has passed: whether it has by
 * now is else the machine's matter. Milliseconds.
 */
const LONG = 1_000;
let passed = false;

const { setTimeout, clearTimeout, setInterval } = globalThis;
/** The timers of what is drawn that have yet to come. */
const timers = new Set<unknown>();
Object.assign(globalThis, {
  setTimeout(call: (...given: unknown[]) => void, wait = 0, ...given: unknown[]) {
    if (wait >= LONG && !passed) return 0;
    const come = () => {
      timers.delete(timer);
      call(...given);
    };
    const timer = setTimeout(come, wait < LONG ? wait : 0);
    timers.add(timer);
    return timer;
  },
  clearTimeout(timer: ReturnType<typeof setTimeout> | undefined) {
    timers.delete(timer);
    clearTimeout(timer);
  },
  setInterval: (call: () => void, every: number) => (every >= LONG ? 0 : setInterval(call, every)),
});

const query = new URLSearchParams(location.search);
let begin = () => {};
const begun = new Promise<void>((resolve) => {
  begin = resolve;
});
const page = globalThis as unknown as { ground: (host: string) => void; atRest: boolean };
page.ground = (name) => {
  page.atRest = false;
  ground(name);
  void rest();
};
page.ground(query.get("host") ?? "jupyter-light");

const [widget, app] = await Promise.all(["./widget.js", "./app.js"].map((path) => import(path)));
const scene = (scenes[query.get("scene") ?? "thread"] as (typeof scenes)[string])();
const { model, after, scroll } = scene;
passed = scene.passed ?? false;
const send = model.send.bind(model);
model.send = (message: Outgoing) => {
  if (message.op === "asset") void deliver(message.name);
  send(message);
};
const { initialize, render } = widget.default();
initialize({ model });
render({ model, el: document.getElementById("view") });
app.default.initialize();
Object.assign(globalThis, { model, sceneNames: Object.keys(scenes) });
setTimeout(async () => {
  await after?.();
  requestAnimationFrame(() => begin());
}, 50);

async function rest(): Promise<void> {
  await begun;
  const end = performance.now() + REST_MOST;
  let awaited: number;
  do {
    awaited = [...loads()].length;
    await Promise.allSettled([...loads(), document.fonts.ready]);
    await stillness();
  } while ((isComing() || [...loads()].length > awaited) && performance.now() < end);
  if (scroll !== undefined) {
    scrollTo(scroll);
    await stillness();
    scrollTo(scroll); // what came into view was higher or lower than it was guessed
    await stillness();
  }
  page.atRest = true;
}

/** Whether something is on its way that a busy machine is slow with: a font, a picture, a message that waits for an idle moment. */
function isComing(): boolean {
  const roots = [...document.querySelectorAll(".nbchat-thread, .nbchat-live")].map((host) => host.shadowRoot);
  const images = roots.flatMap((root) => [...(root?.querySelectorAll("img") ?? [])]);
  return (
    timers.size > 0 ||
    document.fonts.status === "loading" ||
    roots.some((root) => root?.querySelector(".undrawn")) ||
    images.some((image) => !image.complete)
  );
}

function loads(): Iterable<Promise<unknown>> {
  const slots = globalThis as unknown as Record<symbol, { loads: Map<string, Promise<unknown>> }>;
  return slots[Symbol.for("nbchat/1")]?.loads.values() ?? [];
}

/** What the kernel does when it is asked for a part of the front end. */
async function deliver(name: string): Promise<void> {
  const code = await (await fetch(`./${name}.js`)).text();
  model.deliver({ op: "asset", name, code } as Incoming);
}

function stillness(): Promise<void> {
  return new Promise((resolve) => {
    let timer = setTimeout(resolve, QUIET);
    const watch = new MutationObserver(() => {
      clearTimeout(timer);
      timer = setTimeout(resolve, QUIET);
    });
    const whole = { subtree: true, childList: true, attributes: true, characterData: true };
    watch.observe(document.body, whole);
    for (const host of document.querySelectorAll(".nbchat-thread, .nbchat-live"))
      if (host.shadowRoot) watch.observe(host.shadowRoot, whole);
    setTimeout(resolve, 3_000); // a scene that never rests
  });
}
