/**
 * Builds the two assets that travel to the browser: widget.js (every view's bootstrap) and app.js (the heavy part).
 *
 *     node build.mjs [--out DIR] [--watch]
 *
 * The default output is ../nbchat/static, which git ignores and the wheel ships.
 */
import { rmSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const { values } = parseArgs({ options: { out: { type: "string" }, watch: { type: "boolean", default: false } } });
const out = resolve(values.out ?? join(here, "..", "nbchat", "static"));

/** @type {esbuild.BuildOptions} */
const options = {
  absWorkingDir: here,
  entryPoints: { widget: "src/widget.ts", app: "src/app.tsx" },
  outdir: out,
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  charset: "utf8",
  legalComments: "none",
  jsx: "automatic",
  jsxImportSource: "preact",
  plugins: [minifiedCss()],
  logLevel: "warning",
};

/** `import text from "./x.css?inline"` gives minified text: the app puts it into a stylesheet inside its shadow root. */
function minifiedCss() {
  return {
    name: "minified-css",
    setup(build) {
      build.onResolve({ filter: /\.css\?inline$/ }, ({ path, resolveDir }) => ({
        path: join(resolveDir, path.replace("?inline", "")),
        namespace: "css-text",
      }));
      build.onLoad({ filter: /.*/, namespace: "css-text" }, async ({ path }) => {
        const result = await esbuild.build({ entryPoints: [path], minify: true, write: false, logLevel: "silent" });
        return { contents: result.outputFiles[0].text.trim(), loader: "text", watchFiles: [path] };
      });
    },
  };
}

if (values.watch) {
  const context = await esbuild.context({ ...options, logLevel: "info" });
  await context.watch();
} else {
  for (const name of ["widget.js", "app.js"]) rmSync(join(out, name), { force: true });
  await esbuild.build(options);
  for (const name of ["widget.js", "app.js"]) console.log(`${name} ${statSync(join(out, name)).size} bytes`);
}
