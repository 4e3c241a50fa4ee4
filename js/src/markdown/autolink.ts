/** Addresses that become links without any brackets: `www.`, `https://` and mail addresses in plain text (GFM 6.9). */

export interface Autolink {
  href: string;
  text: string;
}

const DOMAIN = /^[\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+)*/u;
const MAIL = /(?:mailto:|xmpp:)?[a-z\d.+_-]+@[a-z\d_-]+(?:\.[a-z\d_-]+)+/iy;
const RESOURCE = /\/[a-z\d@.]+/iy;
const ENTITY = /&[a-z\d]+;$/i;

/** Where the next autolink may begin in a text; looked for together with what else is special. */
export const ADDRESS = "(?<![\\p{L}\\p{N}/.@-])(?:https?:\\/\\/|ftp:\\/\\/|www\\.)(?=[\\p{L}\\p{N}])";
export const MAIL_ADDRESS = "(?<![a-z\\d.+_-])(?:mailto:|xmpp:)?[a-z\\d.+_-]+@(?=[a-z\\d])";

/** Read the address that begins at `at` and lies before `end`, or null if it is none. */
export function readAddress(text: string, at: number, end: number): Autolink | null {
  const stretch = /^[^\s<]+/.exec(text.slice(at, end))?.[0] ?? "";
  const scheme = /^(?:https?|ftp):\/\//i.exec(stretch)?.[0] ?? "";
  const domain = DOMAIN.exec(stretch.slice(scheme.length))?.[0] ?? "";
  if (!domain || (!scheme && !domain.includes(".", 4))) return null;
  if (/_[^.]*(?:\.[^.]*)?$/.test(domain)) return null; // no underscore in the last two parts
  const link = trim(stretch);
  if (link.length <= scheme.length || (!scheme && link.length <= 4)) return null;
  return { text: link, href: scheme ? link : `http://${link}` };
}

/** Read the mail address that begins at `at`, or null. */
export function readMail(text: string, at: number, end: number): Autolink | null {
  MAIL.lastIndex = at;
  let found = MAIL.exec(text)?.[0] ?? "";
  if (!found || at + found.length > end || /[-_]$/.test(found)) return null;
  if (/^xmpp:/i.test(found)) {
    RESOURCE.lastIndex = at + found.length;
    found += RESOURCE.exec(text)?.[0].replace(/\.$/, "") ?? "";
  }
  return { text: found, href: /^(?:mailto|xmpp):/i.test(found) ? found : `mailto:${found}` };
}

/** An address without the punctuation that belongs to the sentence around it. */
function trim(address: string): string {
  let spare = (address.match(/\)/g)?.length ?? 0) - (address.match(/\(/g)?.length ?? 0);
  let end = address.length;
  for (;;) {
    const last = address[end - 1] ?? "";
    if (last && "?!.,:*_~'\"".includes(last)) end--;
    else if (last === ")" && spare > 0) {
      spare--;
      end--;
    } else if (last === ";") {
      const entity = ENTITY.exec(address.slice(Math.max(0, end - 40), end))?.[0];
      if (!entity) break;
      end -= entity.length;
    } else break;
  }
  return address.slice(0, end);
}
