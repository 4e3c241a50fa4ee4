/**
 * Builds the labextension: a folder as JupyterLab and Notebook load it from share/jupyter/labextensions, with the package's own
 * version. What they share is taken from them when it is loaded, so nothing but our sources is in it.
 */
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as esbuild from "esbuild";

const PACKAGE = {
  name: "jupyter-nbchat",
  description: "A side panel for nbchat, questions about cells, and running code of answers.",
  license: "BSD-3-Clause",
  jupyterlab: { extension: true, _build: { load: "static/remoteEntry.js", extension: "./extension" } },
};
const INSTALL = {
  packageManager: "python",
  packageName: "jupyter-nbchat",
  uninstallInstructions: "Use your Python package manager (pip, conda, ...) to uninstall the package jupyter-nbchat",
};

/** Write the folder `out`. */
export async function buildLabextension(here, out, options) {
  const [, version] = /__version__ = "(.+)"/.exec(readFileSync(join(here, "..", "nbchat", "__init__.py"), "utf8"));
  const entry = join(out, "static", "remoteEntry.js");
  rmSync(out, { recursive: true, force: true });
  mkdirSync(join(out, "static"), { recursive: true });
  await esbuild.build({ ...options, entryPoints: ["src/labextension/remote.ts"], outfile: entry, format: "iife" });
  writeFileSync(join(out, "package.json"), `${JSON.stringify({ ...PACKAGE, version }, null, 2)}\n`);
  writeFileSync(join(out, "install.json"), `${JSON.stringify(INSTALL, null, 2)}\n`);
  console.log(`labextension ${statSync(entry).size} bytes`);
}
