/**
 * The harness as a site on loopback: the built bundles, the scenes, and a Chromium that opens them.
 *
 * Owns how a scene is drawn the same way on every machine: its own fonts, a clock that stands, no animation. What is looked at
 * is the tests' and `shots.mjs`'. Plain TypeScript without syntax of its own, because Node runs it as it is.
 */
import { readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright";
import { build } from "./built.ts";

const here = dirname(fileURLToPath(import.meta.url));
const TYPES: Record<string, string> = { ".html": "text/html", ".js": "text/javascript", ".ttf": "font/ttf" };
const FONTS = join(here, "../../node_modules/dejavu-fonts-ttf/ttf");
/** So long a busy machine may take before it is believed that nothing comes. Milliseconds. */
const PATIENCE = 120_000;
const NOW = new Date("2026-03-04T12:00:00Z");

/** How a scene is looked at: on which ground (hosts.ts), in how much space, and what the reader has asked the system for. */
export interface Look {
  host: string;
  width: number;
  height?: number;
  forced?: boolean;
  motion?: boolean;
}

export const LIGHT: Look = { host: "jupyter-light", width: 860 };
export const DARK: Look = { host: "jupyter-dark", width: 860 };
export const NARROW: Look = { host: "jupyter-light", width: 320 };
export const FORCED: Look = { host: "jupyter-light", width: 860, forced: true };
/** The narrow one last: a thread that has been narrow is not scrolled to the same pixel when it is wide again. */
export const LOOKS = { light: LIGHT, dark: DARK, forced: FORCED, narrow: NARROW };

export class Site {
  readonly browser: Browser;
  readonly address: string;
  private readonly server: Server;
  /** Of its own, to be removed. */
  private readonly folder: string | null;

  private constructor(browser: Browser, server: Server, folder: string | null) {
    this.browser = browser;
    this.server = server;
    this.folder = folder;
    this.address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/index.html`;
  }

  /** Serve what was built in `folder` (else built now), and start the browser of NBCHAT_CHROMIUM (default /usr/bin/chromium). */
  static async open(built?: string): Promise<Site> {
    const folder = built ?? (await build());
    const server = createServer((request, response) => {
      const name = new URL(request.url ?? "/", "http://localhost").pathname.slice(1) || "index.html";
      try {
        const font = /^fonts\/([\w-]+\.ttf)$/.exec(name)?.[1];
        const body = readFileSync(font ? join(FONTS, font) : join(folder, name));
        response.writeHead(200, { "content-type": TYPES[extname(name)] ?? "text/plain" }).end(body);
      } catch {
        response.writeHead(name === "favicon.ico" ? 204 : 404).end();
      }
    });
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    const browser = await chromium.launch({
      executablePath: process.env.NBCHAT_CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-lcd-text",
        "--font-render-hinting=none",
        "--force-color-profile=srgb",
        "--hide-scrollbars",
      ],
    });
    return new Site(browser, server, built ? null : folder);
  }

  /** Open a scene, drawn and at rest; an error in the page is thrown. Close the page's context when done. */
  async scene(name: string, look: Look): Promise<Page> {
    const context = await this.browser.newContext({
      viewport: { width: look.width, height: look.height ?? 900 },
      deviceScaleFactor: 1,
      forcedColors: look.forced ? "active" : "none",
      reducedMotion: look.motion ? "no-preference" : "reduce",
      locale: "en-US",
      timezoneId: "UTC",
    });
    context.setDefaultTimeout(PATIENCE);
    const page = await context.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("console", (line) => line.type() === "error" && errors.push(line.text()));
    await page.clock.setFixedTime(NOW);
    const query = new URLSearchParams({ scene: name, host: look.host });
    await page.goto(`${this.address}?${query}`);
    await atRest(page);
    if (errors.length > 0) throw new Error(`${name}: ${errors.join("; ")}`);
    return page;
  }

  /** Look at an open scene in another way. */
  async look(page: Page, look: Look): Promise<void> {
    await page.setViewportSize({ width: look.width, height: look.height ?? 900 });
    await page.emulateMedia({
      forcedColors: look.forced ? "active" : "none",
      reducedMotion: look.motion ? "no-preference" : "reduce",
    });
    await page.evaluate(
      (host) => (globalThis as unknown as { ground: (host: string) => void }).ground(host),
      look.host,
    );
    await atRest(page);
  }

  /** The names of all scenes. */
  async names(): Promise<string[]> {
    const page = await this.scene("empty", LIGHT);
    const found = await page.evaluate(() => (globalThis as unknown as { sceneNames: string[] }).sceneNames);
    await page.context().close();
    return found;
  }

  async close(): Promise<void> {
    await this.browser.close();
    this.server.close();
    if (this.folder) rmSync(this.folder, { recursive: true, force: true });
  }
}

function atRest(page: Page): Promise<unknown> {
  return page.waitForFunction(() => (globalThis as { atRest?: boolean }).atRest === true, undefined, { polling: 30 });
}
