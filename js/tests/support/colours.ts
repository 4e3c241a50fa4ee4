/** Colours, for tests of contrast. */

/** A colour as the browser computes it: red, green and blue from 0 to 255. */
export function rgb(color: string): number[] {
  const probe = document.createElement("div");
  probe.style.color = color;
  document.body.append(probe);
  const computed = getComputedStyle(probe).color;
  const scale = computed.startsWith("color(") ? 255 : 1; // what color-mix() gives counts from 0 to 1
  const found =
    computed
      .match(/[\d.]+/g)
      ?.slice(0, 3)
      .map((part) => Number(part) * scale) ?? [];
  probe.remove();
  return found;
}

/** The contrast ratio of WCAG 2, from 1 to 21. */
export function contrast(a: number[], b: number[]): number {
  const luminance = (color: number[]) => {
    const [r, g, blue] = color.map((c) => (c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * (r as number) + 0.7152 * (g as number) + 0.0722 * (blue as number);
  };
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}
