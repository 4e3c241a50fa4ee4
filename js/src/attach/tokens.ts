/**
 * What an attachment comes to in tokens, before the kernel has seen it: the rules of nbchat/core/attachments.py and of its
 * calibration where nothing is known yet, held to them by tests/vectors/attachments.json.
 */

const TILE = 512;
const LONG = 2_048;
const SHORT = 768;

/** A picture: made to fit into 2,048 x 2,048, then its shorter side into 768; 85 tokens and 170 for each tile of 512 x 512. */
export function pictureTokens(width: number, height: number): number {
  let scale = Math.min(1, LONG / Math.max(width, height));
  scale = Math.min(scale, SHORT / Math.min(width, height));
  return 85 + 170 * Math.ceil((width * scale) / TILE) * Math.ceil((height * scale) / TILE);
}

/** A text: four characters a token. */
export function textTokens(characters: number): number {
  return Math.ceil(characters / 4);
}
