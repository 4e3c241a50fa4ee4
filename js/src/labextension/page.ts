/**
 * What the labextension asks of nbchat's views in the page, through their page-wide slot: the code of an answer, and to put
 * words into a composer.
 *
 * The slot is read and never made: the views come from the kernel, whose nbchat may be another version than the server's.
 */
import type { App } from "../registry.ts";

const VIEWS = ".nbchat-live, .nbchat-thread";

function app(): Partial<App> {
  return (globalThis as unknown as Record<symbol, { app?: App } | undefined>)[Symbol.for("nbchat/1")]?.app ?? {};
}

/** The last code block of the first of these places that shows one: a cell, the panel, the page. */
export function lastCode(...places: (HTMLElement | null | undefined)[]): string | null {
  const read = app().lastCode;
  for (const place of read ? places : []) {
    const hosts = [...(place?.querySelectorAll<HTMLElement>(VIEWS) ?? [])].reverse();
    for (const host of hosts) {
      const code = read?.(host);
      if (code) return code;
    }
  }
  return null;
}

/** Put `text` before what is typed in the composer in `place`, and go there; says whether there was one. */
export function compose(place: HTMLElement, text: string): boolean {
  const host = place.querySelector<HTMLElement>(".nbchat-thread");
  return (host && app().compose?.(host, text)) ?? false;
}
