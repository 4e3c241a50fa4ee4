/**
 * Contrast: every text colour on every ground that it stands on, in the usual themes of all hosts, is at least 4.5 to 1 (WCAG AA),
 * and so is all text that is drawn in the scenes that show most.
 *
 * The colours are asked of the browser: they are mixed with the host's background there.
 */
import type { Page } from "playwright";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { HOST_NAMES } from "../harness/hosts.ts";
import { LIGHT, Site } from "../harness/site.ts";
import { addAxe, axe } from "./visits.ts";

const LEAST = 4.5;
const ON_PAGE = ["--fg", "--muted", "--accent", "--error", "--warn"];
const TOKENS = ["keyword", "string", "number", "comment", "function", "builtin", "attribute"].map(
  (name) => `--t-${name}`,
);
/** Which text stands on which ground. */
const GROUNDS: Record<string, readonly string[]> = {
  "--bg": ON_PAGE,
  "--soft": ["--fg", "--muted", "--accent", "--warn"],
  "--bubble": ["--fg"],
  "--code-bg": ["--fg", "--muted", "--error", ...TOKENS],
  "--error-bg": ["--fg", "--muted", "--error"],
  "--warn-bg": ["--fg", "--muted", "--accent"],
  "--info-bg": ["--fg", "--muted", "--accent"],
  "--accent": ["--on-accent"],
};
const SCENES = ["top", "error", "toolsopen", "approval", "offers", "queueedit", "budget"];

let site: Site;

beforeAll(async () => {
  site = await Site.open(inject("harness"));
});
afterAll(() => site.close());

/** The contrast of each pair, as WCAG 2 computes it. */
function measure(page: Page): Promise<Record<string, number>> {
  return page.evaluate((grounds) => {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d", {
      willReadFrequently: true,
    }) as OffscreenCanvasRenderingContext2D;
    const probe = document.createElement("i");
    document.querySelector(".nbchat-thread")?.shadowRoot?.append(probe);
    const luminance = (variable: string) => {
      probe.style.color = `var(${variable})`;
      canvas.fillStyle = getComputedStyle(probe).color;
      canvas.fillRect(0, 0, 1, 1);
      const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((level) => {
        const share = level / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      }) as [number, number, number, number];
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const measured: Record<string, number> = {};
    for (const [ground, texts] of Object.entries(grounds)) {
      for (const text of texts) {
        const [dark, light] = [luminance(ground), luminance(text)].sort((a, b) => a - b) as [number, number];
        measured[`${text} on ${ground}`] = Math.round(((light + 0.05) / (dark + 0.05)) * 100) / 100;
      }
    }
    probe.remove();
    return measured;
  }, GROUNDS);
}

test("every text colour can be read on its grounds, in the themes of all hosts", async () => {
  const page = await site.scene("empty", LIGHT);
  const weak: Record<string, number> = {};
  for (const host of HOST_NAMES) {
    await site.look(page, { ...LIGHT, host });
    for (const [pair, contrast] of Object.entries(await measure(page))) {
      if (!(contrast >= LEAST)) weak[`${host}: ${pair}`] = contrast;
    }
  }
  await page.context().close();
  expect(weak).toEqual({});
});

test("all text of the richest scenes can be read, in the themes of all hosts", async () => {
  const weak: string[] = [];
  for (const scene of SCENES) {
    const page = await site.scene(scene, LIGHT);
    await addAxe(page);
    for (const host of HOST_NAMES) {
      await site.look(page, { ...LIGHT, host });
      weak.push(...(await axe(page, ["color-contrast"])).map((each) => `${scene}, ${host}: ${each}`));
    }
    await page.context().close();
  }
  expect(weak).toEqual([]);
});
