/** Components that are opened on demand and come with extras.js: drawn as nothing until that is there. */
import { signal } from "@preact/signals";
import type { ComponentType, FunctionComponent } from "preact";
import { loadAsset } from "../assets.ts";
import { learn } from "../highlight/tokenizer.ts";
import { addStyles } from "../styles/sheet.ts";

type Extras = typeof import("../extras.tsx");

/** So long after the first view was drawn they are loaded unasked, so that they are there even while the kernel is busy. Milliseconds. */
const PREFETCH = 2_000;

const extras = signal<Extras | null>(null);
const failed = signal(false);
let prefetching = false;

/** Load them soon; once a page. */
export function prefetchExtras(): void {
  if (prefetching) return;
  prefetching = true;
  setTimeout(loadExtras, PREFETCH);
}

/** Load what is opened on demand; returns when it is there, or when nobody sends it. */
export async function loadExtras(): Promise<void> {
  try {
    const module = await loadAsset("extras");
    addStyles("extras", module.styles);
    learn(module.languages);
    extras.value = module;
    failed.value = false;
  } catch (error) {
    console.warn(error);
    failed.value = true;
  }
}

/** What extras.js exports, once it is there. */
export function loadedExtras(): Extras | null {
  return extras.peek();
}

/** Whether what is opened on demand is here. */
export function hasExtras(): boolean {
  return extras.value !== null;
}

/** Return a component that is `pick` of what extras.js exports, once that is there for another reason: of what can wait for it. */
export function later<P extends object>(pick: (extras: Extras) => ComponentType<P>): FunctionComponent<P> {
  return function Later(props: P) {
    const Loaded = extras.value && pick(extras.value);
    return Loaded && <Loaded {...props} />;
  };
}

/** Return a component that is `pick` of what extras.js exports; `meanwhile` stands in its place while that is not there. */
export function lazy<P extends object>(
  pick: (extras: Extras) => ComponentType<P>,
  meanwhile?: FunctionComponent<P>,
): FunctionComponent<P> {
  return function Lazy(props: P) {
    if (extras.value) {
      const Loaded = pick(extras.value);
      return <Loaded {...props} />;
    }
    void loadExtras();
    if (meanwhile) return meanwhile(props);
    return failed.value ? (
      <p class="missing" role="status">
        This needs the kernel, which does not answer.
      </p>
    ) : null;
  };
}
