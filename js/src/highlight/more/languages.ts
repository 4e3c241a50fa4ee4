/** The languages that come with extras.js. */
import { bash } from "../bash.ts";
import { javascript, json } from "../javascript.ts";
import type { Language } from "../tokenizer.ts";
import { c, cpp, csharp, dart, go, java, kotlin, php, rust, scala, swift } from "./braces.ts";
import { css, diff, html, latex, markdown } from "./markup.ts";
import { julia, matlab, r, sql } from "./science.ts";
import { lua, ruby } from "./scripts.ts";
import { dockerfile, ini, makefile, toml, yaml } from "./settings.ts";

export const languages: Record<string, Language> = {
  bash,
  c,
  cpp,
  csharp,
  css,
  dart,
  diff,
  dockerfile,
  go,
  html,
  ini,
  java,
  javascript,
  json,
  julia,
  kotlin,
  latex,
  lua,
  makefile,
  markdown,
  matlab,
  php,
  r,
  ruby,
  rust,
  scala,
  sql,
  swift,
  toml,
  yaml,
};
