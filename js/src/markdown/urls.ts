/** Which addresses of a model's answer may become links or pictures. Everything else stays text. */

const LINKS = new Set(["http:", "https:", "mailto:"]);
const INLINE_IMAGE = /^data:image\/(?:png|jpeg|gif|webp|avif);base64,[A-Za-z\d+/=\s]*$/;

/** Return the address if a click may lead there, else null: absolute http, https and mailto only. */
export function safeLink(href: string): string | null {
  const url = parse(href);
  return url && LINKS.has(url.protocol) ? url.href : null;
}

/** Return how a picture may be shown: its bytes are here, or it lies on a host that nobody agreed to ask yet. */
export function imageSource(href: string): { inline: string } | { remote: string; host: string } | null {
  if (INLINE_IMAGE.test(href)) return { inline: href };
  const url = parse(href);
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:")) return null;
  return { remote: url.href, host: url.host };
}

function parse(href: string): URL | null {
  try {
    return new URL(href.trim());
  } catch {
    return null;
  }
}
