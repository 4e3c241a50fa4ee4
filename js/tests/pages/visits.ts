/**
 * One visit of every scene for all tests of whole pages: each is opened once, looked at from all sides, and closed.
 *
 * Owns the looking; what may be found is the tests'.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright";
import { LOOKS, type Look, type Site } from "../harness/site.ts";
import { findFaults } from "./faults.ts";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** Rules about whole documents: a view is a part of a page that is its host's. */
const OF_DOCUMENTS = ["region", "page-has-heading-one", "landmark-one-main", "bypass"];
/** What depends on colours and space. */
const OF_LOOKS = ["color-contrast", "link-in-text-block", "target-size", "scrollable-region-focusable"];
const AT_ONCE = 3;

export type LookName = keyof typeof LOOKS;

export interface Visit {
  scene: string;
  /** What axe-core finds, by look. */
  axe: Record<string, string[]>;
  /** What does not fit, overlaps or is too small to touch, by look. */
  faults: Record<string, string[]>;
  pictures: Record<LookName, Buffer>;
}

/** Visit all scenes, or those named. */
export async function visitAll(site: Site, only: readonly string[] = []): Promise<Visit[]> {
  const names = only.length > 0 ? [...only] : await site.names();
  const visits: Visit[] = [];
  const visitor = async () => {
    for (let name = names.shift(); name !== undefined; name = names.shift()) visits.push(await visit(site, name));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, visitor));
  return visits.sort((a, b) => a.scene.localeCompare(b.scene));
}

async function visit(site: Site, scene: string): Promise<Visit> {
  const page = await site.scene(scene, LOOKS.light);
  const found: Visit = { scene, axe: {}, faults: {}, pictures: {} as Record<LookName, Buffer> };
  await addAxe(page);
  for (const [name, look] of Object.entries(LOOKS) as [LookName, Look][]) {
    await site.look(page, look);
    if (name !== "forced") found.axe[name] = await axe(page, name === "light" ? [] : OF_LOOKS);
    found.faults[name] = await page.evaluate(findFaults);
    found.pictures[name] = await page.screenshot({ fullPage: true, animations: "disabled", caret: "hide" });
  }
  await page.context().close();
  return found;
}

/** What axe-core finds by these rules, by all of them without any; it must be in the page (`addAxe`). */
export async function axe(page: Page, only: readonly string[] = []): Promise<string[]> {
  const { violations } = await page.evaluate<AxeResults, [readonly string[], string[]]>(
    ([rules, skipped]) =>
      (globalThis as unknown as { axe: typeof import("axe-core") }).axe.run("#view", {
        ...(rules.length > 0
          ? { runOnly: [...rules] }
          : { rules: Object.fromEntries(skipped.map((rule) => [rule, { enabled: false }])) }),
        resultTypes: ["violations"],
      }),
    [only, OF_DOCUMENTS],
  );
  return violations.flatMap(({ id, impact, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${impact} ${id}: ${target.flat().at(-1)}: ${failureSummary}`),
  );
}

/** Put axe-core into the page. */
export async function addAxe(page: Page): Promise<void> {
  await page.evaluate(AXE);
}
