/** An emulated host: the classes, attributes and variables that it puts on its page, and the container of an output. */
import { expect, vi } from "vitest";
import { crc32 } from "../../src/wire/crc32.ts";
import { contrast, rgb } from "../support/colours.ts";
import type { Rendered, TestView } from "../support/view.ts";

type Marks = Record<string, string>;

/** Put attributes on html or body; returns how to take them off again. */
export function mark(node: HTMLElement, attributes: Marks): () => void {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return () => {
    for (const name of Object.keys(attributes)) node.removeAttribute(name);
  };
}

/** Set a page's variables, as VS Code and Colab do on html. */
export function variables(values: Marks): () => void {
  const { style } = document.documentElement;
  for (const [name, value] of Object.entries(values)) style.setProperty(name, value);
  return () => {
    for (const name of Object.keys(values)) style.removeProperty(name);
  };
}

/** A thread that asks, streams, is stopped and has an answer: what a host sees of a view's life. */
export async function lead(view: TestView, shown: Rendered): Promise<void> {
  shown.type("Why?");
  await vi.waitFor(() => expect(shown.button("Send").disabled).toBe(false));
  shown.key("Enter");
  view.begin();
  view.say("Because. `code`");
  await vi.waitFor(() => expect(shown.text).toContain("Because."));
  shown.key("Escape");
  view.finish(crc32("Because. `code`"));
  await vi.waitFor(() => expect(shown.has(".streaming")).toBe(false));
  shown.button("Model: lab/tiny").click();
  await vi.waitFor(() => expect(view.sent("models").length).toBe(1));
}

/** What a host's marks change is drawn. */
export function settle(): Promise<void> {
  return new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
}

/** The lowest contrast of text on its ground in a view, over all elements that hold text of their own. */
export function lowestContrast(shown: Rendered): { ratio: number; where: string } {
  let lowest = { ratio: 21, where: "" };
  for (const node of shown.root.querySelectorAll<HTMLElement>(".nbchat *")) {
    const own = [...node.childNodes].some((each) => each.nodeType === Node.TEXT_NODE && each.textContent?.trim());
    if (!own || node.closest("[disabled], [aria-disabled='true'], .hidden") || !node.checkVisibility()) continue;
    const ratio = contrast(rgb(getComputedStyle(node).color), groundOf(node));
    if (ratio < lowest.ratio)
      lowest = { ratio, where: `${node.tagName}.${node.className} ${node.textContent?.slice(0, 30)}` };
  }
  return lowest;
}

/** The ground behind an element as it is seen: translucent ones let what is below shine through. */
export function groundOf(node: Element | null): number[] {
  const layers: string[] = [];
  for (let at = node; at; at = at.parentElement ?? (at.getRootNode() as ShadowRoot).host ?? null) {
    layers.push(getComputedStyle(at).backgroundColor);
    if (alphaOf(layers.at(-1) as string) === 1) break;
  }
  return layers.reduceRight(
    (below, layer) => {
      const alpha = alphaOf(layer);
      return rgb(layer).map((part, at) => part * alpha + (below[at] as number) * (1 - alpha));
    },
    [255, 255, 255],
  );
}

/** The opacity of a computed colour, which says it as the fourth number or after a slash. */
function alphaOf(color: string): number {
  const said = /^rgba\(.*, ([\d.]+)\)$|\/ ([\d.]+)\)$/.exec(color);
  return said ? Number(said[1] ?? said[2]) : 1;
}
