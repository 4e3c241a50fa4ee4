/**
 * Assets: parts of the front end that come over the wire when they are first needed, once a page: formulas, and what is
 * opened on demand.
 *
 * Owns the asking; what arrives is a module like any other.
 */
import { importCode, registry } from "./registry.ts";
import type { AssetName } from "./wire/protocol.ts";

interface Modules {
  extras: typeof import("./extras.tsx");
  math: typeof import("./math.ts");
}

/** Whoever does not answer is asked again this often, so long. Milliseconds. */
const AGAIN = 5_000;
const TRIES = 3;

/** Return the module, loaded once a page. Rejects when no kernel of the page sends it; the next call asks again. */
export function loadAsset<Name extends keyof Modules>(name: Name): Promise<Modules[Name]> {
  const { loads } = registry();
  let load = loads.get(name);
  if (!load) {
    load = arrival(name).then(importCode);
    load.catch(() => loads.delete(name));
    loads.set(name, load);
  }
  return load as Promise<Modules[Name]>;
}

/** Make a module known that is here already. */
export function provideAsset<Name extends keyof Modules>(name: Name, module: Modules[Name]): void {
  registry().loads.set(name, Promise.resolve(module));
}

function arrival(name: AssetName): Promise<string> {
  const { arrivals, stores } = registry();
  return new Promise((resolve, reject) => {
    let tries = 0;
    const ask = () => {
      const able = [...stores].filter((store) => !store.state.lost);
      const store = able[tries % Math.max(able.length, 1)]; // another one may belong to another kernel
      if (!store || tries++ === TRIES) {
        clearInterval(timer);
        arrivals.delete(name);
        reject(new Error(`nbchat: no kernel of this page sends ${name}.js`));
      } else store.send({ op: "asset", name });
    };
    const timer = setInterval(ask, AGAIN);
    arrivals.set(name, (code) => {
      clearInterval(timer);
      arrivals.delete(name);
      resolve(code);
    });
    ask();
  });
}
