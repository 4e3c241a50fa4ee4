/** Answers for benchmarks: long Markdown that uses everything, the same in every run; and texts of one single block. */

const WORDS =
  "the kernel of a matrix holds every vector that it sends to zero so we group rows by key sort them in place and keep an index because lookups then take constant time while memory grows with each new column of floats".split(
    " ",
  );

/** About four characters a token, as for English text and code. */
const TOKEN = 4;

/** A small generator of numbers (Lehmer's), so that all runs see one text. */
function numbers(seed: number): (below: number) => number {
  let state = seed * 7919 + 12345;
  return (below) => {
    state = (state * 48271) % 2147483647;
    return state % below;
  };
}

type Next = (below: number) => number;

function words(next: Next, count: number): string {
  return Array.from({ length: count }, () => WORDS[next(WORDS.length)]).join(" ");
}

/** Words with one piece of inline Markdown in nearly every dozen. */
function prose(next: Next, count: number): string {
  const pieces = [
    () => `**${words(next, 2)}**`,
    () => `*${words(next, 3)}*`,
    () => `\`frame["${words(next, 1)}"]\``,
    () => `[${words(next, 2)}](https://docs.example/${words(next, 1)}?page=${next(90)})`,
    () => `$x_{${next(9)}} \\le \\frac{${next(50)}}{n}$`,
    () => `\\(O(n \\log_${next(8) + 2} n)\\)`,
    () => `~~${words(next, 1)}~~ at $${next(90)}`,
  ];
  const parts = [];
  for (let left = count; left > 0; left -= 9) {
    parts.push(words(next, Math.min(left, 9)));
    parts.push(pieces[next(pieces.length)]?.() ?? "");
  }
  return `${parts.join(" ")}.`;
}

const CODE: Record<string, (next: Next) => string> = {
  python: (next) =>
    `def total_${next(99)}(frame: pd.DataFrame, key: str = "region") -> pd.Series:\n    """Sum of ${words(next, 3)}."""\n    rows = frame[frame["sales"] > ${next(9000)}]  # ${words(next, 4)}\n    return rows.groupby(key)["sales"].sum()\n`,
  typescript: (next) =>
    `export function pick${next(99)}<T>(rows: readonly T[], at = ${next(50)}): T | undefined {\n  // ${words(next, 5)}\n  return rows.find((row, index) => index >= at && row !== null);\n}\n`,
  bash: (next) =>
    `for file in data/*.csv; do\n  head -n ${next(50)} "$file" | sort -u >> "${words(next, 1)}.txt"\ndone\n`,
  sql: (next) =>
    `SELECT region, SUM(sales) AS total\nFROM orders WHERE amount > ${next(9000)} -- ${words(next, 3)}\nGROUP BY region;\n`,
};

function fence(next: Next, pieces: number): string {
  const names = Object.keys(CODE);
  const name = names[next(names.length)] as string;
  return `\`\`\`${name}\n${Array.from({ length: pieces }, () => CODE[name]?.(next)).join("\n")}\`\`\``;
}

function list(next: Next, items: number, ordered = false): string {
  return Array.from({ length: items }, (_, at) => {
    const below = next(4) === 0 ? `\n   - ${prose(next, 6)}` : "";
    return `${ordered ? `${at + 1}.` : next(5) === 0 ? "- [x]" : "-"} ${prose(next, 8)}${below}`;
  }).join("\n");
}

function row(next: Next): string {
  return `| ${words(next, 2)} | ${next(10_000)} | \`${words(next, 1)}\` | $a^${next(9)}$ |`;
}

function table(next: Next, rows: number): string {
  const body = Array.from({ length: rows }, () => row(next));
  return ["| way | rows | name | cost |", "|:----|-----:|:----:|------|", ...body].join("\n");
}

const display = (next: Next) =>
  `$$\n\\sum_{i=1}^{${next(90)}} \\mathbb{E}[x_i^2] = \\int_0^1 \\frac{e^{-t^2}}{\\sqrt{2\\pi}}\\,dt\n$$`;

/** What a language model answers when it is asked for much: prose, lists, tables, code and formulas in turn. */
export function answer(tokens: number, seed = 1): string {
  const next = numbers(seed);
  const blocks = [
    () => `## ${words(next, 4)}`,
    () => prose(next, 60),
    () => list(next, 6, next(2) === 0),
    () => fence(next, 3),
    () => prose(next, 30),
    () => display(next),
    () => table(next, 6),
    () => `> ${prose(next, 20)}`,
  ];
  let text = "";
  for (let at = 0; text.length < tokens * TOKEN; at++) text += `${blocks[at % blocks.length]?.() ?? ""}\n\n`;
  return text.slice(0, tokens * TOKEN);
}

/** Texts of this many characters that are one single block: what is linear in blocks must be linear in one of them, too. */
export const SINGLE: Record<string, (length: number) => string> = {
  list: (length) => cut(length, (next, count) => list(next, count)),
  table: (length) => cut(length, table),
  code: (length) => cut(length, fence),
  paragraph: (length) => cut(length, (next, count) => prose(next, count * 9)),
};

function cut(length: number, make: (next: Next, count: number) => string): string {
  let text = "";
  for (let count = 64; text.length < length; count *= 2) text = make(numbers(1), count);
  return text.slice(0, length);
}
