/**
 * Every scene from all sides (light, dark, 320 px, forced colours): it looks as it did, axe-core finds nothing, everything fits.
 *
 * A picture that differs is left in full in tests/pages/seen/. When the change is meant: look at the pictures
 * (`node tests/harness/shots.mjs DIR`), then keep the new ones: `RECORD=1 npx vitest run --project pages tests/pages/scenes.test.ts`.
 * `SCENES=thread,menu` visits some of them alone.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { LOOKS, Site } from "../harness/site.ts";
import { Darkroom, differences, type Looks } from "./pictures.ts";
import { type LookName, type Visit, visitAll } from "./visits.ts";

const SEEN = join(dirname(fileURLToPath(import.meta.url)), "seen");
const only = process.env.SCENES?.split(",") ?? [];

let site: Site;
let visits: Visit[];

beforeAll(async () => {
  site = await Site.open(inject("harness"));
  visits = await visitAll(site, only);
}, 1_000_000);
afterAll(() => site.close());

test.each(["light", "dark", "narrow"])("axe-core finds nothing of any weight: %s", (look) => {
  const found = visits.flatMap(({ scene, axe }) => (axe[look] ?? ["not looked at"]).map((each) => `${scene}: ${each}`));
  expect(found).toEqual([]);
});

test.each(Object.keys(LOOKS))("everything fits, is reachable and large enough to touch: %s", (look) => {
  const found = visits.flatMap(({ scene, faults }) =>
    (faults[look] ?? ["not looked at"]).map((each) => `${scene}: ${each}`),
  );
  expect(found).toEqual([]);
});

test("everything looks as it did", async () => {
  const darkroom = new Darkroom(await site.browser.newPage());
  rmSync(SEEN, { recursive: true, force: true });
  const changed: string[] = [];
  for (const { scene, pictures } of visits) {
    const developed = Object.entries(pictures).map(async ([look, png]) => [look, await darkroom.develop(png)] as const);
    const now: Looks = Object.fromEntries(await Promise.all(developed));
    if (process.env.RECORD) {
      await darkroom.keep(scene, now);
      continue;
    }
    const widths = Object.fromEntries(Object.entries(now).map(([look, { width }]) => [look, width]));
    for (const what of differences(await darkroom.find(scene, widths), now)) {
      changed.push(`${scene} ${what}`);
      const look = what.split(":")[0] as LookName;
      mkdirSync(SEEN, { recursive: true });
      if (pictures[look]) writeFileSync(join(SEEN, `${scene}-${look}.png`), pictures[look]);
    }
  }
  const gone = only.length > 0 ? [] : darkroom.kept.filter((name) => !visits.some(({ scene }) => scene === name));
  if (process.env.RECORD) for (const scene of gone) darkroom.forget(scene);
  else changed.push(...gone.map((scene) => `${scene} is no scene any more, and its picture is kept`));
  expect(changed).toEqual([]);
}, 300_000);
