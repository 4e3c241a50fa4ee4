/** Formulas made to do more than draw, or to take for ever: bounded time, no links, no scripts, no styles of their own. */
import { describe, expect, test } from "vitest";
import { drawFormula } from "../../src/math.ts";
import { duration } from "../support/cost.ts";

/** What drawing and laying out one formula may take: some 40 milliseconds. */
const MOST = 100;

function attempt(tex: string): { node: Element | null; reason: string } {
  try {
    return { node: drawFormula(tex, true), reason: "" };
  } catch (error) {
    return { node: null, reason: (error as Error).message };
  }
}

describe("refused", () => {
  test.each([
    "\\href{javascript:alert(1)}{x}",
    "\\url{http://a.example}",
    "\\includegraphics{http://a.example/x.png}",
    "\\htmlClass{a}{x}",
    "\\class{a}{x}",
    "\\htmlId{a}{x}",
    "\\id{a}{x}",
    "\\style{position:fixed}{x}",
    "\\htmlStyle{position:fixed}{x}",
    "\\data{a=b}{x}",
    "\\htmlData{a=b}{x}",
    "\\def\\a{x}\\a",
    "\\gdef\\a{x}\\a",
    "\\newcommand{\\a}{x}\\a",
    "\\let\\a=x\\a",
  ])("%s", (tex) => {
    const { node, reason } = attempt(tex);
    expect(node).toBeNull();
    expect(reason).toMatch(/not trusted|Unsupported|define commands/);
  });
});

describe("drawn without effect", () => {
  test.each([
    "\\ref{x}",
    "\\eqref{x} + y",
    "x\\label{location}\\tag{1}",
    "\\begin{align}x\\label{location}\\tag{1}\\end{align}",
    "\\text{<img src=x onerror=alert(1)>}",
    "\\verb|<script>alert(1)</script>|",
    "\\color{red;position:fixed}x",
    "\\text{\\href}",
  ])("%s", (tex) => {
    const { node } = attempt(tex);
    const all = node ? [node, ...node.querySelectorAll("*")] : [];
    for (const each of all) {
      expect(["script", "img", "a", "iframe", "style", "link"]).not.toContain(each.localName);
      for (const { name } of each.attributes) expect(name).not.toMatch(/^on|href|src|^id$/);
    }
    expect(node?.querySelector("[style*='position']") ?? null).toBeNull();
  });

  test("nothing leaps over the text before it, nothing is larger than a page", () => {
    for (const tex of [
      "\\hspace{-9000pt}x",
      "\\kern-900em x",
      "\\mkern-9000mu x",
      "\\raise9999em{x}",
      "\\rule{999em}{999em}",
    ]) {
      const { node } = attempt(`y ${tex}`);
      const root = document.createElement("div");
      root.style.cssText = "position:absolute;top:100px;left:100px";
      root.append(node as Element);
      document.body.append(root);
      const box = (node as Element).getBoundingClientRect();
      for (const each of (node as Element).querySelectorAll("mi"))
        expect(each.getBoundingClientRect().left).toBeGreaterThan(50);
      expect(box.height).toBeLessThan(1_000);
      root.remove();
    }
  });
});

function nest(open: string, close: string, length = 1_950): string {
  const count = Math.floor(length / (open.length + close.length));
  return `${open.repeat(count)}x${close.repeat(count)}`;
}

function fill(piece: string, length = 1_950): string {
  return piece.repeat(Math.floor(length / piece.length));
}

function drawAndLayOut(tex: string): void {
  const { node } = attempt(tex);
  if (node) document.body.append(node);
  node?.getBoundingClientRect();
  node?.remove();
}

describe("in bounded time", () => {
  test.each([
    ["10,000 braces", "{".repeat(10_000) + "}".repeat(10_000)],
    ["a hundred thousand characters", fill("x_1 + ", 100_000)],
    ["an exponential macro", `\\def\\a#1{${"#1".repeat(20)}}${"\\a{".repeat(10)}x${"}".repeat(10)}`],
    ["a macro that calls itself", "\\def\\a{\\a\\a}\\a"],
    ["braces", nest("{", "}")],
    ["fractions", nest("\\frac{", "}{1}")],
    ["fractions without braces", `${"\\frac1".repeat(400)}1`],
    ["roots", nest("\\sqrt{", "}")],
    ["roots without braces", `${"\\sqrt".repeat(500)} x`],
    ["exponents", nest("x^{", "}")],
    ["brackets", nest("\\left(", "\\right)")],
    ["accents", `${"\\hat".repeat(600)} x`],
    ["a matrix", `\\begin{pmatrix}${fill("a&b\\\\", 950)}\\end{pmatrix}`],
    ["matrices", nest("\\begin{matrix}", "\\end{matrix}")],
    ["a large matrix, as text", `\\begin{pmatrix}${fill("a&b\\\\")}\\end{pmatrix}`],
    ["text", `\\text{${fill("a b ")}}`],
    ["a number", fill("1")],
    ["letters", fill("é", 220)],
    ["primes", `x${fill("'", 220)}`],
    ["strokes", fill("\\cancel{a}")],
    ["colours", fill("\\color{red}a")],
    ["dots", fill("\\dots ")],
    ["strokes within strokes", nest("\\cancel{", "}", 400)],
    ["arrows", fill("\\xrightarrow{abc}")],
  ])("%s", async (name, tex) => {
    const total = await duration(() => drawAndLayOut(tex), MOST / 2);
    if (total > 40) console.info(`${name}: ${Math.round(total)} ms with layout`);
    expect(total).toBeLessThan(MOST);
  });
});
