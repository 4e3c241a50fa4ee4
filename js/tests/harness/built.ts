/** Builds the harness beside the bundles, once for all tests of whole pages. Plain TypeScript, as site.ts. */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  export interface ProvidedContext {
    /** The folder of what was built. */
    harness: string;
  }
}

const here = dirname(fileURLToPath(import.meta.url));

/** Build into a new folder, and return it. */
export async function build(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "nbchat-harness-"));
  const built = spawnSync(process.execPath, [join(here, "../../build.mjs"), "--out", folder], { encoding: "utf8" });
  if (built.status !== 0) throw new Error(`the front end cannot be built: ${built.stderr}`);
  await esbuild.build({
    entryPoints: [join(here, "harness.ts")],
    outdir: folder,
    bundle: true,
    format: "esm",
    target: "es2022",
    external: ["./widget.js", "./app.js"],
    logLevel: "warning",
  });
  copyFileSync(join(here, "index.html"), join(folder, "index.html"));
  return folder;
}

/** Vitest's global setup. */
export default async function setup(project: TestProject): Promise<() => void> {
  const folder = await build();
  project.provide("harness", folder);
  return () => rmSync(folder, { recursive: true, force: true });
}
