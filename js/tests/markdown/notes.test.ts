/** Footnotes, as GitHub shows them: numbered by their first reference, at the end, with ways there and back. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Pace } from "../../src/markdown/pace.ts";
import { MarkdownStream } from "../../src/markdown/stream.ts";
import { growth } from "../support/cost.ts";
import { drawn, once, random, streamed } from "./specification.ts";

const TEXT = `First[^b], second[^a], again[^b] and [^nothing].

[^a]: The *second* note, see [^b].
[^b]: The first note

    with a paragraph and

    - a list

Text behind[^c] them.

[^unused]: Nobody refers to this.
[^a]: One note only for a label.
[^c]: Refers to itself[^c] and to [a link].

[a link]: https://example.org
`;

let host: HTMLElement;

beforeEach(() => {
  host = document.createElement("div");
  document.body.append(host);
});

afterEach(() => host.remove());

/** What was drawn, without the number that tells texts apart. */
function plain(root: HTMLElement): string {
  return drawn(root).replace(/nbchat-note-\d+-/g, "");
}

function buttons(root: Element, selector = ".note-ref button"): HTMLButtonElement[] {
  return [...root.querySelectorAll<HTMLButtonElement>(selector)];
}

describe("footnotes", () => {
  test("are numbered by their first reference, and stand at the end", () => {
    const root = once(TEXT);
    const section = root.lastElementChild as HTMLElement;
    expect(section.getAttribute("role")).toBe("doc-endnotes");
    expect([...section.querySelectorAll("ol > li")].map((item) => item.querySelector("p")?.textContent)).toEqual([
      "The first note",
      "The second note, see 1.",
      "Refers to itself3 and to a link.",
    ]);
    expect(root.querySelector("p")?.textContent).toBe("First1, second2, again1 and [^nothing].");
    expect(section.querySelectorAll("li")[0]?.querySelectorAll("p, li").length).toBe(4);
    expect(buttons(root).map((button) => button.ariaLabel)).toContain("Footnote 2");
    expect(root.textContent).not.toContain("Nobody");
  });

  test.each([1, 2, 3, 7, 40])("are the same streamed by %i characters or at random", (size) => {
    const whole = plain(once(TEXT));
    expect(plain(streamed(TEXT, () => size))).toBe(whole);
    expect(plain(streamed(TEXT, random(size, 20)))).toBe(whole);
  });

  test("are the same when the definitions come first, or in another order", () => {
    for (const text of [
      "[^x]: X\n[^y]: Y\n\ny[^y] then x[^x]",
      "a[^1]b[^2]c[^3]\n\n[^3]: three\n[^2]: two\n[^1]: one",
      "> quoted[^q]\n>\n> [^q]: in a quote\n\n- item[^q]\n  [^r]: in an item\n\nx[^r]",
      "| a[^t] |\n|---|\n| b[^t] |\n\n[^t]: of a table",
    ]) {
      for (let seed = 1; seed < 6; seed++) expect(plain(streamed(text, random(seed, 9)))).toBe(plain(once(text)));
      expect(once(text).querySelectorAll(".notes li p").length).toBeGreaterThan(0);
    }
  });

  test("lead to their note and back, by focus", () => {
    const root = once(TEXT);
    const shadow = host.attachShadow({ mode: "open" });
    shadow.append(root);
    const [first, , again] = buttons(root);
    again?.click();
    const note = root.querySelector(".notes li") as HTMLElement;
    expect(shadow.activeElement).toBe(note);
    expect(first?.getAttribute("aria-describedby")).toBe(note.id);
    const backs = buttons(note, ".note-backs button");
    expect(backs.map((back) => back.textContent)).toEqual(["↩", "↩2", "↩3"]);
    backs[1]?.click();
    expect(shadow.activeElement).toBe(again);
    expect(backs[1]?.ariaLabel).toBe("Back to reference 1-2");
  });

  test("of two messages never clash", () => {
    host.append(once(TEXT), once(TEXT));
    const ids = [...host.querySelectorAll("[id]")].map((node) => node.id);
    expect(ids.length).toBe(6);
    expect(new Set(ids).size).toBe(6);
  });

  test("appear while the answer grows, and keep the nodes of the text they belong to", () => {
    const stream = new MarkdownStream(host, new Pace());
    stream.append("Growth[^1] and more.\n\nAnother paragraph.\n\n", false);
    const paragraph = host.querySelector("p");
    const second = host.querySelectorAll("p")[1];
    expect(paragraph?.textContent).toBe("Growth[^1] and more.");
    stream.append("[^1]: It is", false);
    expect(host.querySelector(".notes")).toBeNull();
    stream.append(" fast.\n", false);
    expect(host.querySelector("p")).toBe(paragraph);
    expect(host.querySelectorAll("p")[1]).toBe(second);
    expect(paragraph?.textContent).toBe("Growth1 and more.");
    stream.append("    It grows", false);
    expect(host.querySelector(".notes p")?.textContent).toBe("It is fast.\nIt grows");
    stream.append(" on.\n\nAnd the text goes on[^1].", false);
    stream.end();
    expect(host.lastElementChild?.className).toBe("notes");
    expect(host.querySelectorAll(".note-backs button").length).toBe(2);
  });

  test("go again when what looked like a reference is none", () => {
    const stream = new MarkdownStream(host, new Pace());
    stream.append("[^1]: note\n\ntext [^1]", false);
    expect(host.querySelectorAll(".notes li").length).toBe(1);
    stream.append("(https://example.org)", false);
    stream.end();
    expect(host.querySelector(".notes")).toBeNull();
    expect(host.querySelector("a")?.textContent).toBe("^1");
  });

  test("lead back as often as they are referred to, also from themselves and no longer", () => {
    const stream = new MarkdownStream(host, new Pace());
    stream.append("text [^1]\n\n[^1]: note\nsee [^1]", false);
    expect(host.querySelectorAll(".note-backs button").length).toBe(2);
    stream.append("(https://example.org)", false);
    stream.end();
    expect(host.querySelectorAll(".note-backs button").length).toBe(1);
  });

  test("by the thousand, in whatever order, take no more than their share", async () => {
    const many = (count: number) => {
      const numbers = Array.from({ length: count }, (_, n) => n);
      return `${numbers.map((n) => `t[^${n}]`).join(" ")}\n\n${numbers
        .reverse()
        .map((n) => `[^${n}]: n[^${n}] [^${(n * 7) % count}]\n`)
        .join("")}`;
    };
    const grow = (count: number) => {
      const root = streamed(many(count), () => 40);
      expect(root.querySelectorAll(".notes > ol > li").length).toBeGreaterThan(100);
    };
    expect(await growth(grow, 300)).toBeLessThan(2.5);
  });
});
