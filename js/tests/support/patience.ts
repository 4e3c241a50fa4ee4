/**
 * How long a test waits for what must come. What comes ends the wait, so that this is no time that passes: it is what a machine may
 * take that is busy with all else, before it is believed that nothing comes.
 */
import { vi } from "vitest";

/** Milliseconds; Vitest's own second is less than the rest that one slow drawing may be followed by. */
const PATIENCE = 30_000;

const { waitFor } = vi;
vi.waitFor = (look, options) =>
  waitFor(look, typeof options === "number" ? options : { timeout: PATIENCE, ...options });
