/** The chat window without a kernel: the built bundles as a page gets them, and a model that answers what they ask for. */
import type { Snapshot } from "../../src/wire/protocol.ts";
import { FakeModel, QUIET } from "../support/model.ts";
import { newest } from "./conversations.ts";

/** One of the bundles, under the address that the page is served with. */
export function load(name: string): Promise<{ default: never }> {
  const path = `./${name}.js`; // in a variable: not for the bundler
  return import(path);
}

/** A model whose kernel sends the assets that are asked for, and older messages of `all`. */
export function model(given: Snapshot, all = given.messages, values: Record<string, unknown> = {}): FakeModel {
  const made = new FakeModel({ ...QUIET, snapshot: given, ...values });
  made.onSend = async (sent) => {
    if (sent.op === "asset") {
      const name = "name" in sent ? sent.name : "app";
      const code = await (await fetch(`./${name}.js`)).text();
      made.deliver({ op: "asset", name, code } as never);
    }
    if (sent.op === "page") {
      const end = all.findIndex((each) => each.id === sent.before);
      const { messages, more } = newest(all.slice(0, end));
      setTimeout(() => made.deliver({ op: "page", messages, more, before: sent.before }));
    }
  };
  return made;
}

interface AnyWidget {
  initialize(given?: object): void;
  render(given: object): void;
}

export interface Shown {
  host: HTMLElement;
  root: ShadowRoot;
}

/** Show a model in `el`, with the app there already, and wait until it is drawn. */
export async function show(made: FakeModel, el: HTMLElement): Promise<Shown> {
  const widget = (await load("widget")).default as () => AnyWidget;
  const app = (await load("app")).default as AnyWidget;
  app.initialize();
  const view = widget();
  view.initialize({ model: made });
  view.render({ model: made, el });
  const host = el.firstElementChild as HTMLElement;
  return { host, root: host.shadowRoot as ShadowRoot };
}
