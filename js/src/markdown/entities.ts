/**
 * Character references: `&amp;`, `&copy;`, `&#35;`. The browser's own parser knows all 2,231 names, so it is asked, one
 * single reference at a time and never with anything else: no markup can get in.
 */

const REFERENCE = /&(?:#\d{1,7}|#[xX][\da-fA-F]{1,6}|[A-Za-z][A-Za-z\d]*);/g;
const known = new Map<string, string>();
let parser: DOMParser | undefined;

/** Return the text with its character references replaced by what they name; unknown ones stay. */
export function decode(text: string): string {
  return text.includes("&") ? text.replace(REFERENCE, one) : text;
}

function one(reference: string): string {
  let value = known.get(reference);
  if (value === undefined) {
    value = reference[1] === "#" ? numeric(reference) : named(reference);
    known.set(reference, value);
  }
  return value;
}

function numeric(reference: string): string {
  const hex = /^&#x/i.test(reference);
  const code = Number.parseInt(reference.slice(hex ? 3 : 2), hex ? 16 : 10);
  return code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? "\ufffd" : String.fromCodePoint(code);
}

function named(reference: string): string {
  parser ??= new DOMParser();
  return parser.parseFromString(reference, "text/html").body.textContent ?? reference;
}
