/** Files as people give them: drawn pictures, texts, and the events by which they come. */
import type { Rendered } from "./view.ts";

/** A picture of one colour, or of noise, which no format makes small. */
export async function picture(name: string, width: number, height: number, type = "image/png", noise = false) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d") as CanvasRenderingContext2D;
  context.fillStyle = "#2468ac";
  context.fillRect(0, 0, width, height);
  if (noise) {
    const data = context.getImageData(0, 0, width, height);
    const numbers = new Uint32Array(data.data.buffer);
    let last = 1;
    for (let at = 0; at < numbers.length; at++) {
      last = (Math.imul(last, 1_664_525) + 1_013_904_223) >>> 0;
      numbers[at] = last | 0xff000000;
    }
    context.putImageData(data, 0, 0);
  }
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, type));
  return new File([blob as Blob], name, { type });
}

export function text(name: string, content: BlobPart): File {
  return new File([content], name);
}

export function transfer(...given: (File | [type: string, data: string])[]): DataTransfer {
  const data = new DataTransfer();
  for (const each of given) {
    if (each instanceof File) data.items.add(each);
    else data.items.add(each[1], each[0]);
  }
  return data;
}

/** Paste into the box; whether the browser is left to paste it too. */
export function paste(shown: Rendered, clipboardData: DataTransfer): boolean {
  const event = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true, composed: true });
  return shown.find(".composer textarea").dispatchEvent(event);
}

export function drag(shown: Rendered, name: string, dataTransfer: DataTransfer, selector = ".thread"): DragEvent {
  const event = new DragEvent(name, { dataTransfer, bubbles: true, cancelable: true, composed: true });
  shown.find(selector).dispatchEvent(event);
  return event;
}

export function choose(shown: Rendered, ...files: File[]): void {
  const input = shown.find<HTMLInputElement>("input[type=file]");
  input.files = transfer(...files).files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}
