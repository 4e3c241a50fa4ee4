/** Scenes of what stands in answers: formulas, code, tables, pictures, reasoning. */
import type { Part } from "../../src/wire/messages.ts";
import { line, snapshot } from "../support/messages.ts";
import { answer, model, question, type Scene, shadow } from "./stage.ts";

const FORMULAS = String.raw`The **Gaussian integral** is $\int_{-\infty}^{\infty} e^{-x^2}\,dx = \sqrt{\pi}$, and a price of $5 or US$6 is none. With \(f'(x) = \lim_{h\to 0}\frac{f(x+h)-f(x)}{h}\) we get

$$
\hat{\beta} = (X^\top X)^{-1} X^\top y, \qquad \mathbb{E}[\hat\beta] = \beta, \quad \mathcal{L}(\theta) = \sum_{i=1}^{n} \log p_\theta(x_i)
$$

\[
\begin{aligned}
\nabla \cdot \mathbf{E} &= \frac{\rho}{\varepsilon_0} & \nabla \times \mathbf{B} &= \mu_0 \mathbf{J} + \mu_0\varepsilon_0 \frac{\partial \mathbf{E}}{\partial t}
\end{aligned}
\]

1. A matrix: $A = \begin{pmatrix} a & b \\ c & d \end{pmatrix}$ has $\det A = ad - bc$
2. Cases:
   $$|x| = \begin{cases} x & x \ge 0 \\ -x & x < 0 \end{cases}$$
3. Stroke $\cancel{x+1}$, box $\boxed{E = mc^2}$, hats $\hat{x}, \widehat{xyz}, \tilde{y}, \vec{v}, \bar{z}$, prime $f''(x)$

| name | formula |
|:-----|--------:|
| mean | $\bar{x} = \frac{1}{n}\sum_i x_i$ |
| softmax | $\sigma(z)_i = \frac{e^{z_i}}{\sum_j e^{z_j}}$ |

This one \(\nope{x}\) cannot be drawn; numbered \[ a^2 + b^2 = c^2 \tag{1} \]

$$ \sum_{k=1}^{20} k = 1 + 2 + 3 + 4 + 5 + 6 + 7 + 8 + 9 + 10 + 11 + 12 + 13 + 14 + 15 + 16 + 17 + 18 + 19 + 20 = 210 $$

Below it stands more text, so that the end of the answer is not in sight. ${"And so on. ".repeat(60)}
`;

const CODE = `Some code:

\`\`\`python
@dataclass(frozen=True)
class Point:
    """A point
    of the plane."""
    x: float = 0.0
    name: str = f"p{1 + 2!r:>10} \\n"  # a name

    async def norm(self) -> float:
        return (self.x**2 + 1e-3) ** 0.5 if not None else sum(len(s) for s in rb"raw")
%timeit Point(1.5)
\`\`\`

\`\`\`typescript
export const pick = <T extends object>(all: readonly T[], key: keyof T): string => \`\${all.map((each) => each[key]).join(", ")}!\`;
\`\`\`

\`\`\`rust
/* outer /* nested */ */
#[derive(Debug)]
struct Parser<'a> { text: &'a str }
impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self { println!("{}", r#"raw "text""#); Self { text } }
}
\`\`\`

\`\`\`sql
SELECT region, sum(sales) AS total FROM sales WHERE year >= 2019 GROUP BY region -- by region
\`\`\`

\`\`\`bash
for f in *.csv; do echo "reading $f and a very long line that does not fit into the frame of this block, whatever its width may be"; done
\`\`\`
`;

const LONG = `A long one:\n\n\`\`\`python\n${Array.from({ length: 80 }, (_, n) => `row_${n} = compute(${n}, "text")  # note`).join("\n")}\n\`\`\`\n\nAnd text below.`;

const TABLE = `| way | rows per second | note | more | and more | still more | the last one |
|:----|----------------:|:----:|------|----------|------------|--------------|
| \`.sum()\` | 48,000,000 | compiled | a few more words | here as well | and here | to the end |
| \`.agg(lambda g: g.sum())\` | 310,000 | one call per group | a | b | c | d |
| \`.apply(f)\` | 95,000 | avoid | a | b | c | d |

Two pictures: ![a chart](https://charts.example/split.png) and ![dot](data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAYAAACNMs+9AAAAFUlEQVR42mNk+M9Qz0AEYBxVSF+FABJADveWkH6oAAAAAElFTkSuQmCC)
`;

const TEXT = `Lists, tight and loose[^lists], and what stands in them:

- a tight item with **bold** text
- another one
  1. with a list
  2. of numbers
     - [x] and a task in it
     - [ ] and one to do
- the last one

* a loose item

  with a second paragraph

* > a quote in a list
  >
  > - with a list in it

10. counting from ten
11. on, with a footnote[^long] and the first again[^lists]

Setext heading
--------------

A line that ends in two blanks  
is broken; <b>raw HTML</b> stays text. ~~Struck~~ words, www.example.org, me@example.org and [a relative link](../x).

<details>
<summary>HTML in lines of its own</summary>
</details>

[^lists]: A list is loose if blank lines part its items.
[^long]: A note of its own

    with a second paragraph and \`code\`.
`;

const reasoning = (text: string, seconds?: number): Part => ({
  type: "reasoning",
  text,
  ...(seconds === undefined ? {} : { seconds }),
});
const THOUGHT =
  "The person asks for **one** sentence.\n\n1. It splits, applies, combines: $O(n)$\n2. It is slow with `apply`\n";

const show = (parts: string | Part[], scroll?: number): Scene => ({
  model: model("thread", { snapshot: snapshot(line(question("q1", "Show me."), answer("a1", parts))) }),
  scroll: scroll ?? 0,
});

export const contentScenes: Record<string, () => Scene> = {
  math: () => show(FORMULAS),
  mathend: () => show(FORMULAS, 9_999),
  code: () => show(CODE),
  codeend: () => show(CODE, 9_999),
  codelong: () => show(LONG, 500),
  content: () => show(TABLE),
  text: () => show(TEXT),
  textend: () => show(TEXT, 9_999),
  pictures: () =>
    show([
      { type: "text", text: "Here it is:" },
      { type: "image", url: "https://pictures.example/made.png", alt: "a lighthouse" },
    ]),
  thought: () => {
    const scene = show([reasoning(THOUGHT, 12.4), { type: "text", text: "It splits, applies and combines." }]);
    return { ...scene, after: () => shadow()?.querySelector("summary")?.click() };
  },
  thinking: () => ({
    model: model("thread", {
      status: "streaming",
      snapshot: snapshot(
        line(
          question("q1", "Why?"),
          answer("a1", [reasoning(THOUGHT)], { status: "streaming", usage: null, cost: null }),
        ),
        { ended: false, seq: 2 },
      ),
    }),
  }),
};
