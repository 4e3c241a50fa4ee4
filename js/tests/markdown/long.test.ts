/** Long blocks look, read and copy as short ones do, though the browser takes their parts one by one. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { CodeBlock } from "../../src/markdown/codeblock.ts";
import { Pace } from "../../src/markdown/pace.ts";
import { MarkdownStream } from "../../src/markdown/stream.ts";
import { sheet } from "../../src/styles/sheet.ts";
import { tableCopy } from "../../src/views/tables.ts";
import { drawn, once, random, streamed } from "./specification.ts";

let host: HTMLElement;
afterEach(() => host?.remove());

/** Show a text as a view does, below its styles. */
function shown(text: string): HTMLElement {
  host = document.body.appendChild(document.createElement("div"));
  host.style.width = "600px";
  const root = host.attachShadow({ mode: "open" });
  root.adoptedStyleSheets = [sheet()];
  root.innerHTML = '<div class="nbchat"><div class="markdown"></div></div>';
  const node = root.querySelector(".markdown") as HTMLElement;
  const stream = new MarkdownStream(node, new Pace());
  stream.append(text, false);
  stream.end();
  return node;
}

const many = (count: number, row: (n: number) => string) => Array.from({ length: count }, (_, n) => row(n)).join("");

/** Where everything in there is, in tenths of a pixel. */
function places(node: Element): string[] {
  return [...node.querySelectorAll("p, .line, .code, input, code")].map((each) => {
    const { left, top, width, height } = each.getBoundingClientRect();
    return `${each.localName} ${[left, top, width, height].map((length) => length.toFixed(1)).join(" ")}`;
  });
}

function selected(node: Element): string {
  const selection = document.getSelection() as Selection;
  selection.selectAllChildren(node);
  return selection.toString();
}

const fence = "```python\n";
const LONG: [string, string][] = [
  [
    "tight list",
    many(80, (n) => `- item ${n}\n${n % 4 ? "" : "  - below\n"}${n % 5 ? "" : `  ${fence}  x\n  \`\`\`\n`}`),
  ],
  [
    "loose list",
    many(80, (n) => `- item ${n}\n\n${n % 4 ? "" : "  more\n\n"}${n % 5 ? "" : `  ${fence}  x\n  \`\`\`\n\n`}`),
  ],
  ["numbered list", many(120, (n) => `${n + 1}. item\n`)],
  ["list of tasks", many(40, (n) => `- [${n % 2 ? "x" : " "}] task\n`)],
  ["table", `| a | b |\n|---|--:|\n${many(80, (n) => `| words ${n} | ${n} \`code\` |\n`)}`],
  ["paragraph", many(300, (n) => `words ${n} *and* some \`code\` and **more** of it, `)],
  ["code", `${fence}${many(100, (n) => `x_${n} = "${"y".repeat(n)}"\n`)}\`\`\``],
];

/** Take away what tells the browser that something is long. */
function shorten(node: HTMLElement): void {
  for (const each of node.querySelectorAll(".long:not(.code)")) each.classList.remove("long");
  for (const each of node.querySelectorAll("wbr")) each.remove();
  for (const each of node.querySelectorAll(".lines")) each.replaceWith(...each.children);
  const [first, ...bodies] = node.querySelectorAll("tbody");
  for (const body of bodies) {
    first?.append(...body.children);
    body.remove();
  }
}

describe.each(LONG)("a long %s", (_, text) => {
  test("is the same however it came", () => {
    const whole = drawn(once(text));
    for (const size of [() => 7, random(7, 30)]) expect(drawn(streamed(text, size))).toBe(whole);
  });

  test("stands where it would stand if it were not long, and is copied as that", () => {
    const node = shown(`${text}\n\nbehind`);
    const [before, copied] = [places(node), selected(node)];
    const { innerHTML } = node;
    shorten(node);
    expect(node.innerHTML).not.toBe(innerHTML);
    expect(before.length).toBeGreaterThan(40);
    expect(before).toEqual(places(node));
    expect(copied).toBe(selected(node));
  });
});

describe("code of many lines", () => {
  test("is copied line by line, across its groups", () => {
    const lines = Array.from({ length: 100 }, (_, n) => (n % 7 ? `line ${n}` : ""));
    const node = shown(`${fence}${lines.join("\n")}\nend\n\`\`\``);
    expect(node.querySelectorAll(".lines")).toHaveLength(3);
    expect(selected(node.querySelector("code") as Element).trimEnd()).toBe([...lines, "end"].join("\n").trimEnd());
  });

  test("loses a group with its last line", () => {
    const block = new CodeBlock();
    const groups = (lines: number) => {
      block.setText("x\n".repeat(lines).trimEnd());
      expect(block.root.querySelectorAll(".line")).toHaveLength(lines);
      return block.root.querySelectorAll(".lines").length;
    };
    expect([32, 33, 65, 40, 32, 33, 1].map(groups)).toEqual([0, 1, 2, 1, 0, 1, 0]);
  });

  test("scrolls as far as its longest line reaches, and wraps", () => {
    const wide = shown(`${fence}${many(100, (n) => `${"x".repeat(n === 70 ? 400 : 9)}\n`)}\`\`\``);
    const pre = wide.querySelector("pre") as HTMLElement;
    const line = wide.querySelectorAll(".line").item(70);
    const right = line.getBoundingClientRect().right - pre.getBoundingClientRect().left;
    expect(right).toBeGreaterThan(2_000);
    expect(Math.abs(pre.scrollWidth - right - 12)).toBeLessThan(2); // its padding
    const { height } = pre.getBoundingClientRect();
    host.toggleAttribute("data-wrap", true);
    expect(pre.scrollWidth).toBe(pre.clientWidth);
    expect(pre.getBoundingClientRect().height).toBeGreaterThan(height + 50);
  });
});

describe("a table of many rows", () => {
  const head = "| a | b |\n|---|---|\n";
  const rows = (root: Element) => root.querySelectorAll("tbody tr").length;

  test("has bodies of 32 rows, and is copied whole", () => {
    const node = shown(head + many(70, (n) => `| ${n} | x |\n`));
    expect([...node.querySelectorAll("tbody")].map((body) => body.rows.length)).toEqual([32, 32, 6]);
    const [text] = tableCopy(node.querySelector("table") as HTMLTableElement);
    expect(text.split("\n")).toEqual(["a\tb", ...Array.from({ length: 70 }, (_, n) => `${n}\tx`)]);
  });

  test("shows a row once it is complete, the first ones as they grow", () => {
    const root = document.createElement("div");
    const stream = new MarkdownStream(root, new Pace());
    stream.append(`${head}| 0 `, false);
    expect(rows(root)).toBe(1);
    stream.append(`|\n${many(31, (n) => `| ${n} |\n`)}| half a r`, false);
    expect(rows(root)).toBe(32);
    stream.append("ow |\n| more |", false);
    expect(rows(root)).toBe(33);
    expect(root.textContent).not.toContain("more");
    stream.end();
    expect(rows(root)).toBe(34);
    expect(root.textContent).toContain("more");
  });

  test("loses a body that was begun by what is no row", () => {
    const root = document.createElement("div");
    const stream = new MarkdownStream(root, new Pace());
    stream.append(`${head}${many(32, (n) => `| ${n} |\n`)}>`, false);
    stream.append(" quoted", false);
    expect(root.querySelectorAll("tbody")).toHaveLength(1);
    expect(root.querySelector("blockquote")?.textContent).toBe("quoted");
  });
});

describe("a huge paragraph", () => {
  afterEach(() => void vi.useRealTimers());

  test("is drawn the more rarely the longer it is, and at once when it ends", () => {
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    const root = document.createElement("div");
    const stream = new MarkdownStream(root, new Pace());
    const length = () => (root.textContent as string).length;
    const grow = () => {
      stream.append("more words ");
      return length();
    };
    stream.append("words ".repeat(1_000), false);
    expect(grow()).toBeGreaterThan(6_000);
    vi.advanceTimersByTime(0);
    expect(grow()).toBeGreaterThan(6_015);
    stream.append("words ".repeat(1_667), false);
    expect(grow()).toBeGreaterThan(16_025);
    vi.advanceTimersByTime(0);
    const before = length();
    expect([grow(), grow()]).toEqual([before, before]);
    vi.advanceTimersByTime(60);
    expect(length()).toBe(before);
    vi.advanceTimersByTime(10);
    expect(length()).toBe(before + 22);
    vi.advanceTimersByTime(0);
    expect(grow()).toBe(before + 22);
    stream.end();
    expect(length()).toBe(before + 33);
  });
});

test("what is not long has no marks of it", () => {
  const short = `${many(32, () => "- item\n")}\n\n| a |\n|---|\n${many(32, () => "| b |\n")}\n${"words ".repeat(300)}\n\n${fence}${many(32, () => "x\n")}`;
  expect(once(short).querySelector("ul.long, table.long, p.long, wbr, .lines, tbody + tbody")).toBeNull();
});
