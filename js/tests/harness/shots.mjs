/**
 * Pictures of every scene: node tests/harness/shots.mjs OUT [scene...]
 *
 * Builds the bundles, serves them on loopback and drives the Chromium of NBCHAT_CHROMIUM (default /usr/bin/chromium).
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { chromium } from "playwright";

const here = dirname(fileURLToPath(import.meta.url));
const [target = "shots", ...only] = process.argv.slice(2);
const out = resolve(target);
const site = mkdtempSync(join(tmpdir(), "nbchat-harness-"));
const types = { ".html": "text/html", ".js": "text/javascript" };

spawnSync(process.execPath, [join(here, "../../build.mjs"), "--out", site], { stdio: "inherit" });
await esbuild.build({
  entryPoints: [join(here, "harness.ts")],
  outdir: site,
  bundle: true,
  format: "esm",
  target: "es2022",
  external: ["./widget.js", "./app.js"],
});
copyFileSync(join(here, "index.html"), join(site, "index.html"));
mkdirSync(out, { recursive: true });

const server = createServer((request, response) => {
  const name = new URL(request.url, "http://localhost").pathname.slice(1) || "index.html";
  try {
    const body = readFileSync(join(site, name));
    response.writeHead(200, { "content-type": types[extname(name)] ?? "text/plain" }).end(body);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const address = `http://127.0.0.1:${server.address().port}/index.html`;

const browser = await chromium.launch({
  executablePath: process.env.NBCHAT_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
const names = only.length ? only : await allNames();
for (const [theme, width] of [
  ["light", 860],
  ["dark", 860],
  ["light", 320],
  ["forced", 860],
]) {
  for (const scene of names) {
    const page = await browser.newPage({
      viewport: { width, height: 900 },
      deviceScaleFactor: 1,
      forcedColors: theme === "forced" ? "active" : "none",
    });
    page.on("pageerror", (error) => console.error(scene, error.message));
    page.on("console", (line) => line.type() === "error" && console.error(scene, line.text()));
    await page.goto(`${address}?scene=${scene}&theme=${theme}`);
    await page.waitForTimeout(scene === "long" ? 1_200 : 700);
    await page.screenshot({ path: join(out, `${scene}-${theme}${width < 400 ? "-narrow" : ""}.png`), fullPage: true });
    await page.close();
  }
}
await browser.close();
server.close();

async function allNames() {
  const page = await browser.newPage();
  await page.goto(address);
  await page.waitForFunction(() => globalThis.sceneNames);
  const found = await page.evaluate(() => globalThis.sceneNames);
  await page.close();
  return found;
}
