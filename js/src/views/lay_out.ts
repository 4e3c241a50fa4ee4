/**
 * JSON laid out over lines, every token of it untouched: parsing and writing it anew would round numbers and drop doubled names.
 */

const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s"{}[\],:]+/g;
/** Deeper or longer than this is left as it is: the indent alone could be made to fill the memory. */
const DEEPEST = 24;
const LONGEST = 100_000;

/** Return a JSON object or list over several lines; null for other text, and where nothing is gained. */
export function layOut(text: string): string | null {
  if (text.length > LONGEST || !isStructure(text)) return null;
  const tokens = text.match(TOKENS) ?? [];
  let out = "";
  let depth = 0;
  for (const [at, token] of tokens.entries()) {
    const closes = token === "}" || token === "]";
    const empty = closes && /^[{[]$/.test(tokens[at - 1] ?? "");
    if (closes) depth--;
    if (/^[{[]$/.test(tokens[at - 1] ?? "") || tokens[at - 1] === "," || closes) if (!empty) out += line(depth);
    out += token === ":" ? ": " : token;
    if (token === "{" || token === "[") depth++;
    if (depth > DEEPEST) return null;
  }
  return out === text ? null : out;
}

function line(depth: number): string {
  return `\n${"  ".repeat(depth)}`;
}

function isStructure(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null;
  } catch {
    return false;
  }
}
