/**
 * What a cell put out, as it can go along with a question: one text in the order of the outputs, and pictures as files. From extras.js.
 *
 * Of each output it is what says most to a model: a picture, else Markdown or LaTeX, else its text. Long texts lose their middle.
 */
import { MOST, plain, shorten } from "../texts.ts";
import type { Output } from "./jupyter.ts";

/** More pictures of one cell are only named. */
const MOST_PICTURES = 4;
const PICTURES = ["image/png", "image/jpeg", "image/webp", "image/gif"];
const TEXTS = ["text/markdown", "text/latex", "text/plain"];

export interface Told {
  /** Without what only terminals understand, as long as it is. */
  text: string;
  pictures: readonly File[];
  /** The cell ended with an error. */
  failed: boolean;
}

/** What these outputs say; files are called `name`. Where there are only pictures, there is no text. */
export function told(outputs: readonly Output[], name: string): Told {
  const pictures: File[] = [];
  let text = "";
  let streamed = true;
  let words = false;
  for (const output of outputs) {
    const stream = output.output_type === "stream";
    const drawn = pictures.length;
    const said = stream ? joined(output.text) : saidBy(output, name, pictures);
    if (!said) continue;
    words ||= pictures.length === drawn;
    if (text && !(stream && streamed) && !text.endsWith("\n")) text += "\n";
    text += said;
    streamed = stream;
  }
  return {
    text: words ? shown(text) : "",
    pictures,
    failed: outputs.some(({ output_type }) => output_type === "error"),
  };
}

/** All of it as files that can be attached. */
export function filesOf({ text, pictures }: Told, name: string): File[] {
  const file = `${name}${text.length > MOST ? "-shortened" : ""}.txt`;
  return [...(text ? [new File([shorten(text)], file, { type: "text/plain" })] : []), ...pictures];
}

function saidBy({ output_type, data = {}, traceback }: Output, called: string, pictures: File[]): string {
  if (output_type === "error") return joined(traceback, "\n");
  const type = PICTURES.find((each) => data[each]);
  if (type) {
    const name = `${called}-${pictures.length + 1}.${type.slice(6)}`;
    const picture = pictures.length < MOST_PICTURES ? fileOf(joined(data[type]), name, type) : null;
    if (picture) pictures.push(picture);
    return picture ? `[picture: ${name}]` : `[a picture that is not attached: ${joined(data["text/plain"])}]`;
  }
  const text = TEXTS.find((each) => data[each]);
  return text ? joined(data[text]) : "";
}

function fileOf(data: string, name: string, type: string): File | null {
  try {
    const bytes = Uint8Array.from(atob(data.replace(/\s+/g, "")), (sign) => sign.charCodeAt(0));
    return new File([bytes], name, { type });
  } catch {
    return null; // not base64
  }
}

function joined(text: unknown, between = ""): string {
  return Array.isArray(text) ? text.join(between) : typeof text === "string" ? text : "";
}

/** The text as a file may hold it: of what programs send to terminals nothing is left but lines. */
function shown(text: string): string {
  const lines = plain(text).replace(/\r\n?/g, "\n");
  return lines.replace(/(?![\t\n])\p{Cc}/gu, "\ufffd");
}
