/**
 * The languages that code blocks are coloured in, and the names that people write behind a fence. That of most notebooks is here
 * from the start, the others (`more`) come with extras.js.
 */

import { python } from "./python.ts";
import type { Language } from "./tokenizer.ts";

export const LANGUAGES: Record<string, Language> = { python };

export const NAMES: Record<string, string> = {
  ...names("bash", "sh shell zsh console shell-session shellsession terminal"),
  ...names("c", "h"),
  ...names("cpp", "c++ cc cxx hpp cuda cu objc arduino"),
  ...names("csharp", "cs c#"),
  ...names("css", "scss less sass"),
  ...names("dart", ""),
  ...names("diff", "patch"),
  ...names("dockerfile", "docker containerfile"),
  ...names("go", "golang"),
  ...names("html", "xml svg xhtml vue svelte"),
  ...names("ini", "cfg conf properties dotenv env editorconfig"),
  ...names("java", ""),
  ...names("javascript", "js jsx ts tsx mjs cjs mts cts typescript node"),
  ...names("json", "json5 jsonc jsonl ndjson ipynb geojson"),
  ...names("julia", "jl"),
  ...names("kotlin", "kt kts"),
  ...names("latex", "tex bibtex"),
  ...names("lua", ""),
  ...names("makefile", "make mk"),
  ...names("markdown", "md mdx rmd qmd"),
  ...names("matlab", "octave m"),
  ...names("php", ""),
  ...names("python", "py python3 ipython ipython3 pycon pyi cython"),
  ...names("r", "rscript splus"),
  ...names("ruby", "rb"),
  ...names("rust", "rs"),
  ...names("scala", "sc"),
  ...names("sql", "sqlite postgres postgresql pgsql mysql plsql tsql duckdb bigquery"),
  ...names("swift", ""),
  ...names("toml", ""),
  ...names("yaml", "yml"),
};

function names(language: string, others: string): Record<string, string> {
  return Object.fromEntries([language, ...others.split(" ").filter(Boolean)].map((name) => [name, language]));
}
