/** A text box as high as its text, up to the limit that its style sets. */
import { useLayoutEffect } from "preact/hooks";

export function useGrow(box: { current: HTMLTextAreaElement | null }, draft: string): void {
  useLayoutEffect(() => {
    const area = box.current;
    if (!area) return;
    area.style.height = "auto";
    if (area.scrollHeight > 0) area.style.height = `${area.scrollHeight}px`;
  }, [box, draft]);
}
