/**
 * The specifications' examples, and one form for their HTML and for what the renderer makes, so that the two can be compared.
 *
 * What the form leaves out is how things look here: frames around code and tables, the class of a tight list in place of bare
 * text, links that lead nowhere. Addresses are compared as texts, percent signs decoded: the renderer is told to link all.
 */
import spec from "commonmark-spec/spec.txt?raw";
import gfm from "../../../tests/vectors/markdown/gfm.json";
import { keyOf } from "../../src/markdown/dom.ts";
import { Pace } from "../../src/markdown/pace.ts";
import { MarkdownStream } from "../../src/markdown/stream.ts";

export interface Example {
  number: number;
  markdown: string;
  html: string;
}

export const COMMONMARK: Example[] = [...spec.matchAll(/^`{32} example\n([\s\S]*?)^\.\n([\s\S]*?)^`{32}$/gm)].map(
  (match, at) => ({
    number: at + 1,
    markdown: (match[1] as string).replaceAll("→", "\t"),
    html: (match[2] as string).replaceAll("→", "\t"),
  }),
);

export const GFM: Example[] = gfm.examples;

/** Draw a text that comes in pieces of the sizes that `size` says. */
export function streamed(text: string, size: (at: number) => number): HTMLElement {
  const root = document.createElement("div");
  const stream = new MarkdownStream(root, new Pace(), (href) => href);
  for (let at = 0; at < text.length; ) {
    const end = at + size(at);
    stream.append(text.slice(at, end), false);
    at = end;
  }
  stream.end();
  return root;
}

export function once(text: string): HTMLElement {
  return streamed(text, () => text.length);
}

/** Sizes from 1 to `most`, the same each time for the same seed. */
export function random(seed: number, most: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return 1 + ((state >>> 16) % most);
  };
}

/** What was drawn, as HTML. */
export function drawn(root: HTMLElement): string {
  const copy = root.cloneNode(true) as HTMLElement;
  copy.normalize();
  return copy.innerHTML;
}

/** The specification's HTML in the common form. */
export function expected(html: string): string {
  return normal(html);
}

/** What the renderer made in the common form, with raw HTML and pictures as if they were let through. */
export function actual(root: HTMLElement): string {
  return normal(children(root));
}

/** What of an example is shown inert on purpose: "raw HTML", "image" or both. */
export function inert(root: HTMLElement): string {
  const found = new Set<string>();
  const walker = document.createTreeWalker(root);
  for (let node: Node | null = root; node; node = walker.nextNode()) {
    const key = keyOf(node) ?? "";
    if (key === "html") found.add("raw HTML");
    if (key.startsWith("image\n")) found.add("image");
  }
  return [...found].sort().join(" and ");
}

/** The attributes that say something about the text and not about how it looks here. */
const MEANT = new Set("href title start align checked disabled type".split(" "));

function serial(node: Node): string {
  const key = keyOf(node) ?? "";
  if (key === "html") return node instanceof Text ? node.data : `${node.textContent}\n`;
  if (node instanceof Text) return escaped(node.data);
  if (!(node instanceof Element)) return "";
  if (key.startsWith("image\n")) {
    const [, href = "", text = "", title = ""] = key.split("\n");
    return `<img src="${escaped(href)}" alt="${escaped(text)}"${title && ` title="${escaped(title)}"`}>`;
  }
  if (key === "code" && node.localName === "div") {
    const language = node.querySelector(".lang")?.textContent ?? "";
    const name = language && language !== "code" ? ` class="language-${escaped(language)}"` : "";
    return `<pre><code${name}>${escaped(node.querySelector("pre")?.textContent ?? "")}</code></pre>`;
  }
  if (node.matches("button")) return "";
  if (node.matches(".group, .table, .table-frame, .tight > li > p")) return children(node);
  const name = node.matches(".nolink") ? "a" : node.localName;
  if (node.matches("tbody:empty")) return "";
  const attributes = [...node.attributes].filter((each) => MEANT.has(each.name));
  const end = node.matches("br, hr, input") ? "" : `${children(node)}</${name}>`;
  const space = node.matches(".tight > li > *") ? "\n" : "";
  return `${space}<${name}${attributes.map((each) => ` ${each.name}="${escaped(each.value)}"`).join("")}>${end}${space}`;
}

function children(node: Node): string {
  return [...node.childNodes].map(serial).join("");
}

const BLOCKS = "p h1 h2 h3 h4 h5 h6 ul ol li blockquote pre hr table thead tbody tr th td div section".split(" ");
const EDGE = new RegExp(`\\s*(</?(?:${BLOCKS.join("|")})(?: [^>]*)?>)\\s*`, "g");

/** HTML as the browser reads it, with attributes in order and no white space that no reader sees. */
function normal(html: string): string {
  const { body } = new DOMParser().parseFromString(html.trim(), "text/html");
  return [...body.childNodes]
    .map(form)
    .join("")
    .split(/(<pre>[\s\S]*?<\/pre>)/)
    .map((piece, at) => (at % 2 ? piece : piece.replace(EDGE, "$1").replace(/(<br><\/br>) /g, "$1")))
    .join("")
    .trim();
}

function form(node: Node): string {
  if (node instanceof Text) {
    const pre = node.parentElement?.closest("pre, textarea, script, style");
    return escaped(pre ? node.data : node.data.replace(/[ \t\n]+/g, " "));
  }
  if (!(node instanceof Element)) return "";
  const inner = [...node.childNodes].map(form).join("");
  const names = [...node.attributes].map(({ name, value }) => ` ${name}="${escaped(address(name, value))}"`).sort();
  return `<${node.localName}${names.join("")}>${inner}</${node.localName}>`;
}

/** An address with its percent signs decoded: `%20` and a blank are the same. */
function address(name: string, value: string): string {
  if (name !== "href" && name !== "src") return value.replace(/\s+/g, " ");
  return value.replace(/(?:%[\dA-Fa-f]{2})+/g, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      return run.toUpperCase();
    }
  });
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
