/** Pictures of every scene, to look at: node tests/harness/shots.mjs OUT [scene...] */
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { LOOKS, Site } from "./site.ts";

const [target = "shots", ...only] = process.argv.slice(2);
const out = resolve(target);
mkdirSync(out, { recursive: true });
const site = await Site.open();
for (const scene of only.length ? only : await site.names()) {
  for (const [name, look] of Object.entries(LOOKS)) {
    try {
      const page = await site.scene(scene, { ...look, motion: true });
      await page.screenshot({ path: join(out, `${scene}-${name}.png`), fullPage: true });
      await page.context().close();
    } catch (error) {
      console.error(String(error));
    }
  }
}
await site.close();
