/** The languages that code blocks are coloured in: which rules, and which names people write behind a fence. */

import { bash, python, r, sql } from "./data.ts";
import { diff, html, markdown, yaml } from "./markup.ts";
import type { Language } from "./tokenizer.ts";
import { css, javascript, json } from "./web.ts";

export const LANGUAGES: Record<string, Language> = {
  bash,
  css,
  diff,
  html,
  javascript,
  json,
  markdown,
  python,
  r,
  sql,
  yaml,
};

export const NAMES: Record<string, string> = {
  ...names("bash", "sh shell zsh console shell-session terminal"),
  ...names("css", "scss less"),
  ...names("diff", "patch"),
  ...names("html", "xml svg xhtml vue"),
  ...names(
    "javascript",
    "js jsx ts tsx mjs cjs typescript java c cpp c++ cs csharp go rust rs kotlin swift php scala dart",
  ),
  ...names("json", "json5 jsonc jsonl ipynb"),
  ...names("markdown", "md"),
  ...names("python", "py python3 ipython pycon"),
  ...names("r", "rscript"),
  ...names("sql", "sqlite postgres postgresql mysql plsql"),
  ...names("yaml", "yml toml ini"),
};

function names(language: string, others: string): Record<string, string> {
  return Object.fromEntries([language, ...others.split(" ")].map((name) => [name, language]));
}
