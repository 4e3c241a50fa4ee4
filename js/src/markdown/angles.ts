/** What stands between `<` and `>`: addresses in angle brackets and raw HTML (CommonMark 6.5 and 6.6). */
import { match } from "./links.ts";
import type { Span } from "./spans.ts";
import { TAG } from "./starts.ts";

const ADDRESS = /<([A-Za-z][A-Za-z\d+.-]{1,31}:[^\s<>]*)>/y;
const NAME = "[a-zA-Z\\d](?:[a-zA-Z\\d-]{0,61}[a-zA-Z\\d])?";
const MAIL = new RegExp(`<([a-zA-Z\\d.!#$%&'*+/=?^_\`{|}~-]+@${NAME}(?:\\.${NAME})*)>`, "y");
const TAGS = new RegExp(TAG, "y");
const EMPTY_COMMENT = /<!--(?:-?>)/y;

/** Read what begins with the `<` at `at`, or null. `lacks` says that a needle does not occur from a place on. */
export function readAngle(
  text: string,
  at: number,
  lacks: (needle: string, from: number) => boolean,
): { span: Span; end: number } | null {
  const address = match(ADDRESS, text, at)?.[1];
  const shown = address ?? match(MAIL, text, at)?.[1];
  if (shown) {
    const href = address ?? `mailto:${shown}`;
    return {
      span: { type: "link", href, title: "", spans: [{ type: "text", text: shown }] },
      end: at + shown.length + 2,
    };
  }
  const html = match(TAGS, text, at)?.[0] ?? match(EMPTY_COMMENT, text, at)?.[0] ?? markup(text, at, lacks);
  return html ? { span: { type: "html", text: html }, end: at + html.length } : null;
}

/** Comments, processing instructions, declarations, CDATA. */
function markup(text: string, at: number, lacks: (needle: string, from: number) => boolean): string {
  const [opening, closing] = text.startsWith("<!--", at)
    ? ["<!--", "-->"]
    : text.startsWith("<?", at)
      ? ["<?", "?>"]
      : text.startsWith("<![CDATA[", at)
        ? ["<![CDATA[", "]]>"]
        : ["<!", ">"];
  const from = at + opening.length;
  if (!text.startsWith(opening, at) || (opening === "<!" && !/[A-Za-z]/.test(text[from] ?? ""))) return "";
  return lacks(closing, from) ? "" : text.slice(at, text.indexOf(closing, from) + closing.length);
}
