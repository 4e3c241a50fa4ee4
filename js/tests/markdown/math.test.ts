/** Formulas: what is one and what is not, drawn once and the same however the text came, source where it cannot be drawn. */
import { beforeAll, describe, expect, test, vi } from "vitest";
import { provideAsset } from "../../src/assets.ts";
import { sourceOf } from "../../src/markdown/formula.ts";
import { formulaOf } from "../../src/markdown/math.ts";
import { Pace } from "../../src/markdown/pace.ts";
import { MarkdownStream } from "../../src/markdown/stream.ts";
import * as math from "../../src/math.ts";

function streamed(text: string, size = text.length): HTMLElement {
  const root = document.createElement("div");
  const stream = new MarkdownStream(root, new Pace());
  for (let at = 0; at < text.length; at += size) stream.append(text.slice(at, at + size));
  stream.end();
  return root;
}

function formulas(root: HTMLElement): HTMLElement[] {
  return [...root.querySelectorAll<HTMLElement>(".math")];
}

/** Wait until all that can be drawn is. */
async function drawn(root: HTMLElement): Promise<void> {
  await vi.waitFor(
    () =>
      expect(
        formulas(root).filter(
          (node) =>
            formulaOf(sourceOf(node) ?? "") && !node.querySelector("math") && !node.classList.contains("failed"),
        ),
      ).toEqual([]),
    { interval: 10 },
  );
}

function html(root: HTMLElement): string {
  const copy = root.cloneNode(true) as HTMLElement;
  copy.normalize();
  return copy.innerHTML;
}

describe("before the module is there", () => {
  test("the source stands, as text with a label", () => {
    const [formula] = formulas(streamed("so $x^2$ it is"));
    expect(formula?.textContent).toBe("$x^2$");
    expect(formula?.role).toBe("math");
    expect(formula?.ariaLabel).toBe("Formula x^2");
  });
});

describe("what is a formula", () => {
  test.each([
    ["so $x$ and \\(y_1*z*\\), \\[z\\]", ["$x$", "\\(y_1*z*\\)", "\\[z\\]"]],
    ["$$\nx\n$$", ["$$\nx\n$$"]],
    ["$$ x $$", ["$$ x $$"]],
    ["\\[\nx \\\\[4pt]\n- y\n\\]", ["\\[\nx \\\\[4pt]\n- y\n\\]"]],
    ["\\[ x \\]", ["\\[ x \\]"]],
    [
      "$$\\begin{aligned}\na &= b \\\\\n- c\n\\end{aligned}$$",
      ["$$\\begin{aligned}\na &= b \\\\\n- c\n\\end{aligned}$$"],
    ],
    ["text $$x$$ text $$y$$", ["$$x$$", "$$y$$"]],
    ["$$x$$ and $$y$$", ["$$x$$", "$$y$$"]],
    ["**For $a*b$ and** *if $a*b$ then* c", ["$a*b$", "$a*b$"]],
    ["the $n$th, $k$-means, 3$\\sigma$, ($x$), $x$, $y$.", ["$n$", "$k$", "$\\sigma$", "$x$", "$x$", "$y$"]],
    ["# Of $x$\n\n- in $y$\n\n| $a$ | b |\n|---|---|\n| c | $\\frac{1}{2}$ |", ["$x$", "$y$", "$a$", "$\\frac{1}{2}$"]],
    ["a \\(x +\ny\\) b", ["\\(x +\ny\\)"]],
    ["f $\\$5$ is", ["$\\$5$"]],
  ])("%j has %j", (text, expected) => {
    for (const size of [1, 3, text.length])
      expect(formulas(streamed(text, size)).map((each) => sourceOf(each))).toEqual(expected);
  });

  test.each([
    "It costs $5 and $6, or $5.50-$7.",
    "US$5 and CA$6, A$7",
    "It costs $5 and the other one costs 10$.",
    "from $HOME/bin:$PATH to $" + "{HOME}$x",
    "$HOME:$PATH and $USER-$HOST",
    "\\$x\\$ and \\$5$",
    "`$x$` and ``\\(y\\)``",
    "```\n$x$\n$$\ny\n$$\n```",
    "    $x$ in a block of code",
    "$ x $ and $x $ and $$",
    "[$5](http://a.example/b$c)",
    "\\\\(x\\\\)",
    "a $x\n\nb$",
  ])("%j has none", (text) => {
    for (const size of [1, 3, text.length]) expect(formulas(streamed(text, size))).toEqual([]);
  });

  test("stars within one are no emphasis", () => {
    const root = streamed("*if $a*b$ then* c");
    expect(root.querySelector("em")?.textContent).toBe("if $a*b$ then");
  });
});

describe("drawing", () => {
  /** Called with each formula that is drawn. */
  let draws = () => {};
  const drawFormula: typeof math.drawFormula = (...given) => {
    draws();
    return math.drawFormula(...given);
  };
  beforeAll(() => provideAsset("math", { ...math, drawFormula }));

  const TEXT =
    "# Of $x_1$\n\nSo $a*b$ and \\(c\\), but $5.\n\n$$\n\\sum_{i=1}^n i\n$$\n\n1. item $y^2$\n   \\[\n   \\int_0^1 x\\,dx\n   \\]\n\n" +
    "| $\\alpha$ | b |\n|---|---|\n| $\\frac{1}{2}$ | $\\nope{x}$ |\n\n> quoted \\[z\\] here\n\n```\n$no$\n```\n\nend $q$";

  test("the DOM is the same, by 1, 3, 17 characters and at once", async () => {
    const whole = streamed(TEXT);
    await drawn(whole);
    expect(whole.querySelectorAll("math").length).toBe(10);
    for (const size of [1, 3, 17]) {
      const root = streamed(TEXT, size);
      await drawn(root);
      expect(html(root)).toBe(html(whole));
    }
  });

  test("a long one stays one, also when what has come ends with a backslash", () => {
    const text = `$${"x = y + ".repeat(60)}\\, z$`;
    for (const size of [1, 7, text.length]) expect(formulas(streamed(text, size)).map(sourceOf)).toEqual([text]);
  });

  test("a formula in a growing paragraph is drawn once, its node stays", async () => {
    const root = document.createElement("div");
    const stream = new MarkdownStream(root, new Pace());
    stream.append("so $x^");
    expect(formulas(root)).toEqual([]);
    stream.append("2$ it");
    await drawn(root);
    const element = root.querySelector("math");
    expect(element).not.toBeNull();
    for (const word of " is and will be $y$ for **ever**, as\nwas said".split(" ")) stream.append(`${word} `);
    stream.append("\n\nand more");
    expect(root.querySelector("math")).toBe(element);
  });

  test("a block that is not closed yet shows its source", async () => {
    const root = document.createElement("div");
    const stream = new MarkdownStream(root, new Pace());
    stream.append("$$\nx^2\n");
    expect(formulas(root)[0]?.textContent).toBe("$$\nx^2");
    stream.append("+ y\n$$\n");
    await drawn(root);
    expect(root.querySelector("math")?.getAttribute("display")).toBe("block");
  });

  test("what cannot be read stays source and says why", async () => {
    const root = streamed("so $\\nope{x}$ it is");
    await drawn(root);
    const [formula] = formulas(root);
    expect(formula?.className).toBe("math failed");
    expect(formula?.textContent).toBe("$\\nope{x}$");
    expect(formula?.title).toBe("Unsupported function name: \\nope");
    expect(formula?.ariaLabel).toBe("Formula \\nope{x}. Unsupported function name: \\nope");
  });

  test("a definition does not leak into another formula, and is not drawn", async () => {
    const root = streamed("$\\gdef\\foo{1}\\foo$ and $\\foo$");
    await drawn(root);
    expect(root.querySelector("math")).toBeNull();
  });

  test("hundreds come in slices", async () => {
    const text = Array.from({ length: 600 }, (_, n) => `$x_{${n}} = \\frac{a}{${n}}$`).join(" and\n\n");
    let now = performance.now() + 60_000;
    const clock = vi.spyOn(performance, "now").mockImplementation(() => now);
    draws = () => now++; // each takes a millisecond
    const root = streamed(text);
    expect(root.querySelectorAll("math").length).toBe(5);
    draws = () => {};
    clock.mockRestore();
    await drawn(root);
    expect(root.querySelectorAll("math").length).toBe(600);
  });

  test("a wide one scrolls, by keyboard too", async () => {
    const root = streamed(`$$x = ${"a + ".repeat(200)}b$$\n\n$$y$$`);
    root.style.width = "300px";
    for (const node of formulas(root)) Object.assign(node.style, { display: "block", overflow: "auto" });
    document.body.append(root);
    await drawn(root);
    await vi.waitFor(() => expect(formulas(root).map((node) => node.tabIndex)).toEqual([0, -1]));
    root.remove();
  });
});
