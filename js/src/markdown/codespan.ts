/** Code spans in a text (CommonMark 6.1). Where backticks stand is found out once, so that thousands of lone ones take no time. */
import { match } from "./links.ts";

const RUN = /`+/y;

export class Ticks {
  /** By the length of a run of backticks: where the runs of that length begin. */
  private readonly places = new Map<number, { next: number; at: number[] }>();

  constructor(private readonly text: string) {
    for (const { 0: run, index } of text.matchAll(/`+/g)) {
      const places = this.places.get(run.length);
      if (places) places.at.push(index);
      else this.places.set(run.length, { next: 0, at: [index] });
    }
  }

  /** Read from the backticks at `at` on, with growing `at`: the code that begins there, at most `most` long, or null, and where it ends. */
  read(at: number, most: number): { code: string | null; end: number } {
    const length = match(RUN, this.text, at)?.[0].length ?? 0;
    const from = at + length;
    const places = this.places.get(length) ?? { next: 0, at: [] };
    while ((places.at[places.next] ?? from) < from) places.next++;
    const end = places.at[places.next];
    if (end === undefined || end - at > most) return { code: null, end: from };
    const text = this.text.slice(from, end).replaceAll("\n", " ");
    const padded = text.startsWith(" ") && text.endsWith(" ") && /[^ ]/.test(text);
    return { code: padded ? text.slice(1, -1) : text, end: end + length };
  }
}
