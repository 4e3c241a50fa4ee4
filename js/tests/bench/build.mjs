/**
 * Builds what the benchmarks' page needs: node tests/bench/build.mjs OUT [PEERS]
 *
 * The product's bundles as they are shipped, the page, and with PEERS (a folder with a `ways.js` and its own node_modules) other
 * ways of showing Markdown.
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const [out, peers] = process.argv.slice(2).map((path) => resolve(path));
const common = { outdir: out, bundle: true, format: "esm", target: "es2022", minify: true, logLevel: "warning" };

const built = spawnSync(process.execPath, [join(here, "../../build.mjs"), "--out", out], { stdio: "inherit" });
if (built.status !== 0) process.exit(built.status ?? 1);
await esbuild.build({ ...common, entryPoints: [join(here, "page.ts")] });
if (peers) {
  await esbuild.build({
    ...common,
    entryPoints: { peers: join(peers, "ways.js") },
    splitting: true,
    define: { "process.env.NODE_ENV": '"production"' },
    loader: { ".css": "empty" },
  });
}
writeFileSync(
  join(out, "index.html"),
  '<!doctype html><meta charset="utf-8"><body><script type="module" src="page.js"></script>',
);
