/**
 * Reads a file that somebody attaches: pictures, made smaller where they are large, and text in UTF-8; known by their content.
 * Returns an attachment, or a sentence that says what is wrong and what to do.
 *
 * The kernel checks all of it again (nbchat/core/attachments.py): what is here spares people the way there and back.
 */
import type { Ready } from "./draft_files.ts";
import { pictureTokens, textTokens } from "./tokens.ts";

/** Bytes of a text; core/attachments.py has the same. */
export const MOST_TEXT = 400_000;
/** Pixels: what providers make of larger pictures anyway. */
const LARGEST_SIDE = 2_048;
/** A picture with less goes as it is. Bytes. */
const LIGHT = 1_000_000;
/** A picture is not even opened above this. Bytes. */
const MOST_OPENED = 100_000_000;
const JPEG_QUALITY = 0.85;

type Kind = "png" | "jpeg" | "gif" | "webp";

export async function readFile(file: File): Promise<Ready | string> {
  try {
    if (file.size === 0) return `${file.name} is empty: there is nothing to attach.`;
    const kind = pictureKind(new Uint8Array(await file.slice(0, 12).arrayBuffer()));
    const other = !kind && file.type.startsWith("image/") && file.type !== "image/svg+xml";
    return kind || other ? await readPicture(file, kind) : await readText(file);
  } catch {
    return `${file.name} cannot be read. If it is a folder, attach the files in it.`;
  }
}

/** What a file is by how it begins. */
function pictureKind(head: Uint8Array): Kind | null {
  const signs = String.fromCharCode(...head);
  if (signs.startsWith("\x89PNG\r\n\x1a\n")) return "png";
  if (signs.startsWith("\xff\xd8\xff")) return "jpeg";
  if (/^GIF8[79]a/.test(signs)) return "gif";
  return signs.startsWith("RIFF") && signs.endsWith("WEBP") ? "webp" : null;
}

async function readPicture(file: File, kind: Kind | null): Promise<Ready | string> {
  if (file.size > MOST_OPENED)
    return `${file.name} is too large: make the picture smaller than ${MOST_OPENED / 1e6} MB.`;
  const bitmap = await createImageBitmap(file).catch(() => null);
  if (!bitmap) {
    return kind
      ? `${file.name} is damaged: it cannot be shown as a picture.`
      : `${file.name} is a picture of a kind that models do not take: save it as PNG or JPEG.`;
  }
  const { width, height } = bitmap;
  const large = Math.max(width, height) > LARGEST_SIDE;
  const made = kind && !large && file.size <= LIGHT ? null : await redraw(bitmap, kind === "png");
  bitmap.close();
  const data = await base64(made?.blob ?? file);
  const [wide, high] = made ? [made.width, made.height] : [width, height];
  const media = made?.blob.type ?? `image/${kind}`;
  return {
    kind: "image",
    name: file.name || `picture.${kind ?? "png"}`,
    data,
    picture: `data:${media};base64,${data}`,
    size: `${wide} × ${high}`,
    tokens: pictureTokens(wide, high),
    weight: data.length,
    ...(made ? { note: large ? `made smaller, from ${width} × ${height}` : "made lighter" } : {}),
  };
}

/** The picture in at most LARGEST_SIDE pixels: as PNG where that is light (drawings, screenshots), else as JPEG on white. */
async function redraw(bitmap: ImageBitmap, sharp: boolean) {
  const scale = Math.min(1, LARGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d") as CanvasRenderingContext2D;
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const { width, height } = canvas;
  if (sharp) {
    const blob = await encoded(canvas, "image/png");
    if (blob.size <= LIGHT) return { blob, width, height };
  }
  context.globalCompositeOperation = "destination-over";
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  return { blob: await encoded(canvas, "image/jpeg"), width, height };
}

function encoded(canvas: HTMLCanvasElement, type: string): Promise<Blob> {
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), type, JPEG_QUALITY),
  );
}

async function readText(file: File): Promise<Ready | string> {
  const neither = `${file.name} is not a picture or text in UTF-8: save the text in it, or a picture of it, and attach that.`;
  if (file.size > MOST_TEXT) {
    const begins = new Uint8Array(await file.slice(0, 1_000).arrayBuffer());
    if (decoded(begins.subarray(0, -3), true) === null) return neither;
    return `${file.name} is too large: ${MOST_TEXT / 1e3} kB are the most. Attach the part of it that the question is about.`;
  }
  const text = decoded(await file.arrayBuffer(), false);
  if (text === null) return neither;
  const written = JSON.stringify(text);
  return {
    kind: "text",
    name: file.name || "text.txt",
    data: text,
    picture: "",
    size: file.size < 1_000 ? `${file.size} B` : `${Math.round(file.size / 1_000)} kB`,
    tokens: textTokens(text.length),
    weight: new TextEncoder().encode(written).length,
  };
}

/** The text in these bytes, without its mark of byte order; null where they are none. `cut` ones may end within a character. */
function decoded(bytes: AllowSharedBufferSource, cut: boolean): string | null {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: cut });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what tells a program from a text
    return /[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]/.test(text) ? null : text;
  } catch {
    return null;
  }
}

function base64(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve((reader.result as string).replace(/^[^,]*,/, ""));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}
