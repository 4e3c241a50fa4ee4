/** Formulas in a page whose kernel does not send what draws them, or sends it late. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { provideAsset } from "../../src/assets.ts";
import { Pace } from "../../src/markdown/pace.ts";
import { MarkdownStream } from "../../src/markdown/stream.ts";
import * as math from "../../src/math.ts";
import { registry } from "../../src/registry.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

test("however many there are, it is asked for again by one timer, and then all of them are drawn", async () => {
  registry().loads.set("math", Promise.reject(new Error("no kernel")));
  const root = document.createElement("div");
  const stream = new MarkdownStream(root, new Pace());
  for (let n = 0; n < 5; n++) {
    stream.append(`so $x^${n}$\n\n`, false);
    await vi.advanceTimersByTimeAsync(100);
  }
  expect(vi.getTimerCount()).toBe(1);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(vi.getTimerCount()).toBe(1);
  provideAsset("math", math);
  await vi.advanceTimersByTimeAsync(21_000);
  expect(root.querySelectorAll("math").length).toBe(5);
  expect(vi.getTimerCount()).toBe(0);
});
