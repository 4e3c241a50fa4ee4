/** Every scene from all sides (light, dark, 320 px, forced colours): what axe-core finds, and what does not fit. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { LOOKS, Site } from "../harness/site.ts";
import { type Visit, visitAll } from "./visits.ts";

let site: Site;
let visits: Visit[];

beforeAll(async () => {
  site = await Site.open();
  visits = await visitAll(site, process.env.SCENES?.split(","));
}, 600_000);
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
