/**
 * What something costs the page: the time that its thread works, which is the same however busy the machine is with other things.
 * A clock counts the others' time too: on two cores with eight at work a run of 20 milliseconds takes up to 400.
 */
import { cdp } from "vitest/browser";

interface Session {
  send(method: "Performance.enable"): Promise<void>;
  send(method: "Performance.getMetrics"): Promise<{ metrics: { name: string; value: number }[] }>;
}

/** So many times as much. */
export const TIMES = 4;
const ROUNDS = 5;

let enabled: Promise<void> | undefined;

/** How long the page's thread has worked until now. Milliseconds. */
async function worked(): Promise<number> {
  const session = cdp() as unknown as Session;
  enabled ??= session.send("Performance.enable");
  await enabled;
  const { metrics } = await session.send("Performance.getMetrics");
  return 1_000 * (metrics.find(({ name }) => name === "ThreadTime")?.value ?? Number.NaN);
}

/** Return how long the page's thread works for `run`. Milliseconds. */
export async function cost(run: () => void | Promise<void>): Promise<number> {
  const before = await worked();
  await run();
  return (await worked()) - before;
}

/** Return the least cost of a few runs: compiling and collecting garbage only add. Those end as soon as one is below `enough`. */
export async function least(run: () => void | Promise<void>, enough = 0): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS && least >= enough; round++) least = Math.min(least, await cost(run));
  return least;
}

/** Return how much more `run` costs for TIMES as much in one than in TIMES pieces: 1 if it is linear, TIMES if quadratic. */
export async function growth(run: (size: number) => void, small: number): Promise<number> {
  const pieces = () => {
    for (let n = 0; n < TIMES; n++) run(small);
  };
  run(small); // compiles it
  const inPieces = await least(pieces, Number.POSITIVE_INFINITY);
  return (await least(() => run(TIMES * small), 1.5 * inPieces)) / inPieces;
}

/** Return the time that `run` takes by the clock, and where that is not below `most` its least cost. Milliseconds. */
export async function duration(run: () => void, most: number): Promise<number> {
  const begun = performance.now();
  run();
  const took = performance.now() - begun;
  return took < most ? took : least(run, most);
}
