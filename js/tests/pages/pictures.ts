/**
 * Pictures, compared by the average colours of their blocks: what survives another machine's way to draw letters, and catches a
 * control that moved by half a block, one that is gone, and another colour (pictures.test.ts proves it).
 *
 * Kept is what is compared, one small file a scene with its looks side by side: a picture whose pixels are the blocks.
 * All decoding and encoding is the browser's.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright";

/** Pixels of a block's side. */
const BLOCK = 8;
/** A block differs if one of its colours does by more than this (of 255). */
const LEVELS = 6;
/** A picture differs if more of its blocks do than this. */
const BLOCKS = 3;

const KEPT = join(dirname(fileURLToPath(import.meta.url)), "pictures");
const RECORD = "RECORD=1 npx vitest run --project pages tests/pages/scenes.test.ts";

/** Rows of blocks, each red, green, blue. */
export interface Averages {
  width: number;
  height: number;
  levels: number[];
}

export type Looks = Record<string, Averages>;

/** Return what differs in words, "" if it is not enough to matter. */
export function difference(kept: Averages, now: Averages): string {
  if (kept.width !== now.width || kept.height !== now.height) {
    const size = ({ width, height }: Averages) => `${width * BLOCK} x ${height * BLOCK}`;
    return `it is ${size(now)} pixels large, and was ${size(kept)}`;
  }
  const places: [number, number][] = [];
  for (let at = 0; at < kept.width * kept.height; at++) {
    const far = (colour: number) => Math.abs((kept.levels[at * 3 + colour] ?? 0) - (now.levels[at * 3 + colour] ?? 0));
    if (Math.max(far(0), far(1), far(2)) > LEVELS) places.push([at % kept.width, Math.floor(at / kept.width)]);
  }
  if (places.length <= BLOCKS) return "";
  const range = (axis: 0 | 1) => {
    const along = places.map((place) => place[axis]);
    return `${Math.min(...along) * BLOCK} to ${(Math.max(...along) + 1) * BLOCK}`;
  };
  return `${places.length} blocks differ, x ${range(0)}, y ${range(1)}`;
}

/** Return what differs between a scene's looks and those that are kept, by look; missing ones differ. */
export function differences(kept: Looks | null, now: Looks): string[] {
  if (!kept) return [`no picture of it is kept; look at it, then: ${RECORD}`];
  return Object.entries(now).flatMap(([look, averages]) => {
    const before = kept[look];
    const what = before ? difference(before, averages) : "no such picture is kept";
    return what ? [`${look}: ${what}; if that is meant: ${RECORD}`] : [];
  });
}

/** Turns screenshots into averages, and those into files and back, in a page of its own. */
export class Darkroom {
  private readonly page: Page;
  private readonly folder: string;

  constructor(page: Page, folder = KEPT) {
    this.page = page;
    this.folder = folder;
  }

  /** The scenes of which pictures are kept. */
  get kept(): string[] {
    return existsSync(this.folder) ? readdirSync(this.folder).map((file) => file.replace(/\.png$/, "")) : [];
  }

  forget(scene: string): void {
    rmSync(this.file(scene), { force: true });
  }

  /** The averages of a screenshot. */
  async develop(png: Buffer): Promise<Averages> {
    const developed = await this.page.evaluate(
      async ([data, block]) => {
        const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob());
        const canvas = new OffscreenCanvas(image.width, image.height);
        const context = canvas.getContext("2d", { willReadFrequently: true }) as OffscreenCanvasRenderingContext2D;
        context.drawImage(image, 0, 0);
        const pixels = context.getImageData(0, 0, image.width, image.height).data;
        const [width, height] = [Math.ceil(image.width / block), Math.ceil(image.height / block)];
        const levels: number[] = [];
        for (let top = 0; top < height; top++) {
          for (let left = 0; left < width; left++) {
            let [red, green, blue, count] = [0, 0, 0, 0];
            for (let y = top * block; y < Math.min((top + 1) * block, image.height); y++) {
              const end = (y * image.width + Math.min((left + 1) * block, image.width)) * 4;
              for (let at = (y * image.width + left * block) * 4; at < end; at += 4, count++) {
                red += pixels[at] as number;
                green += pixels[at + 1] as number;
                blue += pixels[at + 2] as number;
              }
            }
            for (const sum of [red, green, blue]) levels.push(Math.round(sum / count));
          }
        }
        return JSON.stringify({ width, height, levels }); // as text: playwright is slow with long lists
      },
      [png.toString("base64"), BLOCK] as const,
    );
    return JSON.parse(developed);
  }

  /** Keep these looks of a scene, side by side; below a low one it is transparent. */
  async keep(scene: string, looks: Looks): Promise<void> {
    const data = await this.page.evaluate(
      async (text) => {
        const all: Averages[] = JSON.parse(text);
        const canvas = new OffscreenCanvas(
          all.reduce((sum, { width }) => sum + width, 0),
          Math.max(...all.map(({ height }) => height)),
        );
        const context = canvas.getContext("2d") as OffscreenCanvasRenderingContext2D;
        let left = 0;
        for (const { width, height, levels } of all) {
          const image = new ImageData(width, height);
          for (let at = 0; at < width * height; at++)
            image.data.set([...levels.slice(at * 3, at * 3 + 3), 255], at * 4);
          context.putImageData(image, left, 0);
          left += width;
        }
        const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: "image/png" })).arrayBuffer());
        return btoa(String.fromCharCode(...bytes));
      },
      JSON.stringify(Object.values(looks)),
    );
    mkdirSync(this.folder, { recursive: true });
    writeFileSync(this.file(scene), Buffer.from(data, "base64"));
  }

  /** What is kept of a scene, in looks of these widths (blocks); null if nothing is. */
  async find(scene: string, widths: Record<string, number>): Promise<Looks | null> {
    const file = this.file(scene);
    if (!existsSync(file)) return null;
    const found = await this.page.evaluate(
      async ([data, columns]) => {
        const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob());
        const context = new OffscreenCanvas(image.width, image.height).getContext(
          "2d",
        ) as OffscreenCanvasRenderingContext2D;
        context.drawImage(image, 0, 0);
        let left = 0;
        const found = columns.map((width) => {
          const pixels = context.getImageData(left, 0, width, image.height).data;
          left += width;
          let height = image.height;
          while (height > 0 && pixels[(height - 1) * width * 4 + 3] === 0) height--;
          return {
            width,
            height,
            levels: Array.from(pixels.slice(0, height * width * 4)).filter((_, at) => at % 4 !== 3),
          };
        });
        return JSON.stringify(found);
      },
      [readFileSync(file).toString("base64"), Object.values(widths)] as const,
    );
    const all: Averages[] = JSON.parse(found);
    return Object.fromEntries(Object.keys(widths).map((look, at) => [look, all[at] as Averages]));
  }

  private file(scene: string): string {
    return join(this.folder, `${scene}.png`);
  }
}
