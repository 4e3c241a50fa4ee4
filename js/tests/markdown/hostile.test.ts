/** An answer is hostile: nothing in it runs, leads anywhere but the web, or asks anybody for anything. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MarkdownStream } from "../../src/markdown/stream.ts";

const PAYLOADS = [
  "<script>globalThis.pwned = 1</script>",
  "<img src=x onerror='globalThis.pwned = 1'>",
  "<svg onload=globalThis.pwned=1><style>@import url(https://evil.example/a.css);</style></svg>",
  "<iframe src='javascript:parent.pwned=1'></iframe><object data='https://evil.example'></object>",
  "<form action='https://evil.example'><input autofocus onfocus='globalThis.pwned=1'></form>",
  "<a href='javascript:globalThis.pwned=1'>x</a><base href='https://evil.example/'>",
  "<style>* { background: url(https://evil.example/x) }</style><link rel=stylesheet href=https://evil.example/a.css>",
  "<details open ontoggle=globalThis.pwned=1><summary>x</summary></details>",
  "<meta http-equiv=refresh content='0;url=https://evil.example'>",
  "<math><mtext></p><img src=x onerror=globalThis.pwned=1></mtext></math>",
  "[a](javascript:globalThis.pwned=1)",
  "[a](JaVaScRiPt:globalThis.pwned=1)",
  "[a](java\tscript:globalThis.pwned=1) [b](<java\nscript:1>)",
  "[a](&#106;avascript:globalThis.pwned=1)",
  "[a](&#x6A&#x61;vascript&colon;globalThis.pwned=1)",
  "[a](\x01javascript:globalThis.pwned=1)",
  "[a]( javascript:globalThis.pwned=1 )",
  "[a](data:text/html,<script>parent.pwned=1</script>)",
  "[a](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
  "[a](vbscript:msgbox) [b](file:///etc/passwd) [c](blob:https://x/1) [d](about:blank) [e](ftp://x)",
  "[a](//evil.example/x) [b](/lab/api/terminals) [c](../secrets.ipynb) [d](?reset) [e](#frag)",
  "<javascript:globalThis.pwned=1> <data:text/html,x>",
  "[a]: javascript:globalThis.pwned=1\n\n[a] and ![a]",
  "![x](https://evil.example/pixel.png) ![y](//evil.example/p.png) ![z](http://evil.example/a.svg 'title')",
  "![x](javascript:globalThis.pwned=1) ![y](data:image/svg+xml,<svg onload=parent.pwned=1>)",
  "![x](data:text/html;base64,AAAA) ![y](blob:x) ![z](file:///x.png)",
  "[![x](https://evil.example/pixel.png)](https://evil.example)",
  "[a](https://ok.example \"title' onmouseover='globalThis.pwned=1\")",
  '[a](https://ok.example/"onclick=globalThis.pwned=1)',
  "`<img src=x onerror=globalThis.pwned=1>`",
  "```html\n<img src=x onerror=globalThis.pwned=1>\n```",
  "```<img/src=x/onerror=globalThis.pwned=1>\ncode\n```",
  "| <img src=x onerror=globalThis.pwned=1> | b |\n|--|--|\n| [x](javascript:globalThis.pwned=1) | y |",
  "- <img src=x onerror=globalThis.pwned=1>\n> <script>globalThis.pwned=1</script>",
  "&lt;img src=x onerror=globalThis.pwned=1&gt;",
  "&lt;script&gt;globalThis.pwned=1&lt;/script&gt;",
  "$\\href{javascript:globalThis.pwned=1}{x}$ $$<img src=x onerror=globalThis.pwned=1>$$",
  "__proto__ [__proto__] [constructor][toString]\n\n[__proto__]: javascript:globalThis.pwned=1\n[constructor]: https://ok.example",
  "\u202ehttps://evil.example [\u202e](https://ok.example)",
];

const requests: string[] = [];
let observer: PerformanceObserver;
let host: HTMLElement;

beforeEach(() => {
  requests.length = 0;
  host = document.createElement("div");
  document.body.append(host);
  observer = new PerformanceObserver((list) => requests.push(...list.getEntries().map((entry) => entry.name)));
  observer.observe({ type: "resource" });
});

afterEach(() => {
  observer.disconnect();
  host.remove();
});

const ALLOWED = new Set(
  "a blockquote br button code del div em h1 h2 h3 h4 h5 h6 hr img input li ol p pre span strong table tbody td th thead tr ul".split(
    " ",
  ),
);
const ATTRIBUTES = new Set(
  "align alt aria-label aria-pressed checked class data-do disabled href referrerpolicy rel role src start tabindex target title type".split(
    " ",
  ),
);

/** Everything that is wrong with what was made. */
function faults(root: HTMLElement): string[] {
  const found: string[] = [];
  for (const node of root.querySelectorAll("*")) {
    if (!ALLOWED.has(node.localName)) found.push(`<${node.localName}>`);
    for (const { name, value } of node.attributes) if (!ATTRIBUTES.has(name)) found.push(`${name}=${value}`);
    if (node instanceof HTMLAnchorElement) {
      if (node.hasAttribute("href") && !/^(?:https?|mailto):$/.test(node.protocol)) found.push(node.href);
      if (node.rel !== "noopener noreferrer" || node.target !== "_blank") found.push(`rel ${node.rel}`);
    }
    if (node instanceof HTMLImageElement && !/^data:image\/(?:png|jpeg|gif|webp|avif);base64,/.test(node.src))
      found.push(node.src);
  }
  return found;
}

describe("hostile payloads", () => {
  test.each(PAYLOADS.map((payload) => [payload]))("%s", async (payload) => {
    for (const size of [1, 5, payload.length]) {
      const root = document.createElement("div");
      host.replaceChildren(root);
      const stream = new MarkdownStream(root);
      for (let at = 0; at < payload.length; at += size) {
        stream.append(payload.slice(at, at + size));
        expect(faults(root)).toEqual([]);
      }
      stream.end();
      expect(faults(root)).toEqual([]);
    }
    await new Promise((done) => setTimeout(done, 5));
    expect((globalThis as { pwned?: number }).pwned).toBeUndefined();
    expect(requests.filter((url) => url.includes("evil"))).toEqual([]);
  });

  test("a remote picture is asked for on a click, and names its host before", () => {
    const stream = new MarkdownStream(host);
    stream.append("![a chart](https://charts.example/a.png)");
    stream.end();
    const button = host.querySelector("button") as HTMLButtonElement;
    expect(button.textContent).toBe("Load image from charts.example: a chart");
    expect(host.querySelector("img")).toBeNull();
    button.click();
    const image = host.querySelector("img") as HTMLImageElement;
    expect(image.getAttribute("src")).toBe("https://charts.example/a.png");
    expect(image.referrerPolicy).toBe("no-referrer");
  });

  test("web and mail links work and open elsewhere", () => {
    const stream = new MarkdownStream(host);
    stream.append("[a](https://ok.example/?a=1&amp;b=2) [b](mailto:me@ok.example) <https://ok.example/x?c=&amp;d>");
    stream.end();
    expect([...host.querySelectorAll("a")].map((a) => a.href)).toEqual([
      "https://ok.example/?a=1&b=2",
      "mailto:me@ok.example",
      "https://ok.example/x?c=&amp;d",
    ]);
    expect(faults(host)).toEqual([]);
  });
});
