/** What others in the page may ask of a view that is drawn: the labextension does, by way of the page's slot. */
import { CodeBlock } from "../markdown/codeblock.ts";

/** The last code block of the last answer that has one. */
export function lastCode(host: HTMLElement): string | null {
  const frames = [...(host.shadowRoot?.querySelectorAll(".message.assistant .code") ?? [])];
  return frames.map((frame) => CodeBlock.of(frame)?.text).findLast(Boolean) ?? null;
}

/** Type `text` before what stands in the composer, as a person would, with the caret at its beginning. Nothing is sent. */
export function compose(host: HTMLElement, text: string): boolean {
  const box = host.shadowRoot?.querySelector<HTMLTextAreaElement>(".composer textarea");
  if (!box) return false;
  box.value = box.value.trim() ? `${text}\n\n${box.value}` : text;
  box.dispatchEvent(new InputEvent("input", { bubbles: true, composed: true }));
  box.focus();
  box.setSelectionRange(0, 0);
  box.scrollTop = 0;
  return true;
}
