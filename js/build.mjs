/**
 * Builds what travels to the browser: widget.js (every view's bootstrap), app.js (what draws threads), and what is asked for
 * when it is first needed: extras.js (what is opened on demand) and math.js (formulas).
 *
 *     node build.mjs [--out DIR] [--watch]
 *
 * The default output is ../nbchat/static, which git ignores and the wheel ships; the labextension goes into the folder
 * labextension in it. Modules that extras.js has in common with the app
 * are not in it a second time: it takes them from the page's slot, where the app puts them (src/kit.ts).
 */
import { readFileSync, rmSync, statSync, watch, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import * as esbuild from "esbuild";
import { buildLabextension } from "./labextension.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const { values } = parseArgs({ options: { out: { type: "string" }, watch: { type: "boolean", default: false } } });
const out = resolve(values.out ?? join(here, "..", "nbchat", "static"));
const NAMES = ["widget.js", "app.js", "extras.js", "math.js"];
const NOTICES = "third-party-licenses.txt";

/** @type {esbuild.BuildOptions} */
const options = {
  absWorkingDir: here,
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
        return { contents: result.outputFiles[0].text.trim(), loader: "text" };
      });
    },
  };
}

/** The inputs of a bundle: path -> the paths that it imports. */
async function inputsOf(entry) {
  const { metafile } = await esbuild.build({ ...options, entryPoints: [entry], metafile: true, write: false });
  return new Map(
    Object.entries(metafile.inputs).map(([path, { imports }]) => [path, imports.map((each) => each.path)]),
  );
}

/** What modules of extras.js import that the app has too: path -> the names, "*" for all of them. */
async function common() {
  const [app, extras] = await Promise.all([inputsOf("src/app.tsx"), inputsOf("src/extras.tsx")]);
  const own = [...extras].filter(([path]) => !app.has(path));
  const paths = [...new Set(own.flatMap(([, imports]) => imports))].filter((path) => app.has(path)).sort();
  const { outputFiles } = await esbuild.build({
    ...options,
    minify: false,
    write: false,
    entryPoints: ["src/extras.tsx"],
    plugins: [standingFor(paths, (path) => ({ path, external: true })), ...options.plugins],
  });
  const used = new Map(paths.map((path) => [path, new Set()]));
  for (const [, names, , path] of outputFiles[0].text.matchAll(/^import (?:\{([^}]*)\}|(\S.*?)) from "(.*)";$/gm))
    for (const name of names?.split(",") ?? ["*"]) used.get(path)?.add(name.trim().split(" as ")[0]);
  return used;
}

/** A module's name in the kit: without its ending, by which esbuild would take what stands for it for something else than it is. */
function named(path) {
  return path.replace(/\.\w+$/, "");
}

/** In the app: src/kit.ts exports what is used of each module. */
function givingKit(used) {
  const imports = [];
  const kit = [...used].map(([path, names], at) => {
    const file = JSON.stringify(join(here, path));
    if (names.has("*")) {
      imports.push(`import * as m${at} from ${file};`);
      return `${JSON.stringify(named(path))}: m${at}`;
    }
    imports.push(`import {${[...names].map((name) => `${name} as m${at}_${name}`)}} from ${file};`);
    return `${JSON.stringify(named(path))}: {${[...names].map((name) => `${name}: m${at}_${name}`)}}`;
  });
  return {
    name: "giving-kit",
    setup(build) {
      build.onLoad({ filter: /[\\/]src[\\/]kit\.ts$/ }, () => ({
        contents: `${imports.join("\n")}\nexport const kit = {${kit}};`,
        resolveDir: here,
      }));
    },
  };
}

/** In extras.js: an import of one of `paths` is taken from the page's slot. */
function takingKit(paths) {
  return standingFor(paths, (path) => ({ path: named(path), namespace: "kit" }));
}

/** Have an import of one of `paths` lead elsewhere; what is in the namespace "kit" is taken from the page's slot. */
function standingFor(paths, elsewhere) {
  return {
    name: "standing-for",
    setup(build) {
      build.onResolve({ filter: /./ }, async ({ path, pluginData, ...how }) => {
        if (pluginData === "resolving" || path.endsWith("?inline")) return undefined;
        const found = await build.resolve(path, { ...how, pluginData: "resolving" });
        const local = relative(here, found.path).replaceAll("\\", "/"); // as esbuild names it, links of node_modules followed
        return paths.includes(local) ? elsewhere(local) : found;
      });
      build.onLoad({ filter: /./, namespace: "kit" }, ({ path }) => ({
        contents: `module.exports = globalThis[Symbol.for("nbchat/1")].kit[${JSON.stringify(path)}];`,
      }));
    },
  };
}

/** The licences of the packages that inputs of the bundles are from: they want to go where their code goes. */
function notices(inputs) {
  const roots = new Set(inputs.map((path) => /^[^:]*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]).filter(Boolean));
  const texts = [...roots].sort().map((root) => {
    const { name, version } = JSON.parse(readFileSync(join(here, root, "package.json"), "utf8"));
    return `${name} ${version}\n\n${readFileSync(join(here, root, "LICENSE"), "utf8").trim()}\n`;
  });
  return texts.join(`\n${"-".repeat(80)}\n\n`);
}

async function build() {
  const used = await common();
  const make = (entry, name, ...plugins) =>
    esbuild.build({
      ...options,
      entryPoints: [entry],
      outfile: join(out, name),
      metafile: true,
      plugins: [...plugins, ...options.plugins],
    });
  for (const name of NAMES) rmSync(join(out, name), { force: true });
  const [, ...made] = await Promise.all([
    make("src/widget.ts", "widget.js"),
    make("src/app.tsx", "app.js", givingKit(used)),
    make("src/extras.tsx", "extras.js", takingKit([...used.keys()])),
    make("src/math.ts", "math.js"),
    buildLabextension(here, join(out, "labextension"), options),
  ]);
  writeFileSync(join(out, NOTICES), notices(made.flatMap((each) => Object.keys(each?.metafile.inputs ?? {}))));
  for (const name of NAMES) console.log(`${name} ${statSync(join(out, name)).size} bytes`);
}

await build();
if (values.watch) {
  let timer;
  watch(join(here, "src"), { recursive: true }, () => {
    clearTimeout(timer);
    timer = setTimeout(() => build().catch(() => {}), 100);
  });
}
