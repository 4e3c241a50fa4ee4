/** A long text stands in groups that the browser passes over while they are out of sight; nobody sees them. */
import { afterEach, describe, expect, test } from "vitest";
import { Pace } from "../../src/markdown/pace.ts";
import { MarkdownStream } from "../../src/markdown/stream.ts";
import { sheet } from "../../src/styles/sheet.ts";
import { answer } from "../bench/answers.ts";

let host: HTMLElement;
afterEach(() => host?.remove());

function place(): HTMLElement {
  host = document.body.appendChild(document.createElement("div"));
  const root = host.attachShadow({ mode: "open" });
  root.adoptedStyleSheets = [sheet()];
  root.innerHTML = '<div class="nbchat"><div class="markdown"></div></div>';
  return root.querySelector(".markdown") as HTMLElement;
}

function streamed(text: string, size: number, root = place()): HTMLElement {
  const stream = new MarkdownStream(root, new Pace());
  for (let at = 0; at < text.length; at += size) stream.append(text.slice(at, at + size), false);
  stream.end();
  return root;
}

const paragraphs = (count: number) => Array.from({ length: count }, (_, at) => `number ${at}\n\n`).join("");

describe("a long text", () => {
  test("has groups of 4 blocks, and groups of 8 of these; a short one has none", () => {
    expect(streamed(paragraphs(4), 7).querySelector(".group")).toBeNull();
    const root = streamed(paragraphs(43), 7);
    const sizes = (node: Element) => [...node.children].filter((each) => each.className === "group").map(size);
    const size = (group: Element): unknown => (group.querySelector(".group") ? sizes(group) : group.children.length);
    expect(sizes(root)).toEqual([
      [4, 4, 4, 4, 4, 4, 4, 4],
      [4, 3],
    ]);
    expect([...root.querySelectorAll("p")].map((p) => p.textContent)).toEqual(
      Array.from({ length: 43 }, (_, at) => `number ${at}`),
    );
    for (const group of root.querySelectorAll(".group")) expect(getComputedStyle(group).contentVisibility).toBe("auto");
  });

  test("loses a group that it needs no more, with what was around it", () => {
    const root = place();
    const stream = new MarkdownStream(root, new Pace());
    stream.append(`${paragraphs(3)}number 3\n<div`, false); // so far a block of HTML, the fifth
    expect(root.querySelectorAll(".group")).toHaveLength(2);
    stream.append("x", false);
    expect(root.querySelectorAll(".group")).toHaveLength(0);
    expect([...root.children].at(-1)?.textContent).toBe("number 3\n<divx");
  });

  test("stands in the same groups however it came", () => {
    const text = answer(2_000);
    const shape = (size: number) =>
      [...streamed(text, size).querySelectorAll(":scope > :not(.group), .group, .group > :not(.group)")].map(
        (each) => each.className || each.localName,
      );
    const whole = shape(text.length);
    expect(whole.length).toBeGreaterThan(9);
    for (const size of [1, 13, 500]) expect(shape(size)).toEqual(whole);
  });

  test("makes a block in its group: focus and place in it stay", () => {
    const root = place();
    const stream = new MarkdownStream(root, new Pace());
    const wide = "x".repeat(2_000);
    stream.append(`${paragraphs(3)}~~~\nlast of the first\n~~~\n\n\`\`\`\n${wide}`, false);
    const pre = [...root.querySelectorAll("pre")].at(-1) as HTMLElement;
    const [line] = pre.querySelectorAll(".line");
    pre.focus();
    pre.scrollLeft = 300;
    for (const piece of ["more\n", "and more\n", "```\n\n", "the end"]) stream.append(piece, false);
    expect(pre.isConnected && pre.parentElement?.parentElement?.className).toBe("group");
    expect(pre.scrollLeft).toBe(300);
    expect((root.getRootNode() as ShadowRoot).activeElement).toBe(pre);
    expect(line?.textContent).toBe(`${wide}more\n`);
  });

  test("looks the same with groups: blocks are as far apart across their edges as inside", () => {
    const root = streamed(`${paragraphs(20)}# heading\n\n${paragraphs(10)}# heading\n\n${paragraphs(5)}`, 50);
    for (const { style } of root.querySelectorAll<HTMLElement>(".group"))
      Object.assign(style, { contentVisibility: "visible", contain: "layout" });
    const blocks = [...root.querySelectorAll("p, h1")];
    const gaps = blocks.slice(1).map((block, at) => {
      const before = blocks[at] as Element;
      return { kind: block.localName, gap: block.getBoundingClientRect().top - before.getBoundingClientRect().bottom };
    });
    const of = (kind: string) => gaps.filter((each) => each.kind === kind).map((each) => Math.round(each.gap));
    expect(Math.max(...of("p")) - Math.min(...of("p"))).toBeLessThanOrEqual(4); // after a heading it is wider
    expect(Math.max(...of("h1")) - Math.min(...of("h1"))).toBeLessThanOrEqual(2);
  });
});
