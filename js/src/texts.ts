/** Texts of the notebook as a model is told them: what a cell printed and how it ended. */

/** How much of a source, a traceback or an output goes along; of a longer one the middle goes. Characters: 2,000 tokens. */
export const MOST = 8_000;

/** The beginning and the end of a long text. */
export function shorten(text: string): string {
  if (text.length <= MOST) return text;
  const half = MOST / 2;
  return `${text.slice(0, half)}\n[… ${text.length - MOST} characters left out …]\n${text.slice(-half)}`;
}

/** Without what only a terminal understands: colours, titles, movements. */
export function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
  return text.replace(/\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]*[0-~])/g, "");
}
