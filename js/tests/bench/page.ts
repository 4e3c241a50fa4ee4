/**
 * What a benchmark runs in the browser: ways of showing an answer that grows, fed one piece a frame, and conversations that
 * are opened. tests/bench/pages.py drives it; the numbers are taken from outside.
 */
import { answer, SINGLE } from "./answers.ts";
import { Clock } from "./clock.ts";
import { conversation, newest } from "./conversations.ts";
import { load, model, type Shown, show } from "./window.ts";

/** Something that shows a growing text. */
interface Way {
  append(delta: string): void;
  finish(): void;
}

const PIECE = 13;
/** Thirty updates a second. Milliseconds. */
const STEP = 1000 / 30;

const frame = () => new Promise(requestAnimationFrame);
const place = () => document.body.appendChild(document.createElement("div"));

/** The chat window, told of each piece as a kernel tells it; `history`: how many messages stand above the answer. */
async function ours(history: number): Promise<Way> {
  const all = conversation(history);
  const { messages, more } = newest(all, Number.POSITIVE_INFINITY);
  const made = model({ generation: 1, seq: 0, ended: true, turn: null, messages, more });
  await show(made, place());
  let seq = 0;
  const tell = (...events: object[]) =>
    made.deliver({ op: "append", generation: 2, after: seq, seq: ++seq, events } as never);
  const parent = messages.at(-1)?.id ?? null;
  const common = { parts: [], finish_reason: null, created: 1, usage: null, cost: null, error: null };
  const question = { ...common, id: "q", role: "user", parent, status: "complete", model: null };
  const open = { ...common, id: "a", role: "assistant", parent: "q", status: "streaming", model: "lab/tiny" };
  tell({ type: "turn-start", turn: "t", messages: [question, open] });
  made.set("status", "streaming");
  let text = "";
  return {
    append: (delta) => {
      text += delta;
      tell({ type: "text-delta", text: delta });
    },
    finish: () => {
      tell({ type: "turn-end", turn: "t", message: { ...open, status: "complete" }, checksum: crc(text) });
      made.set("status", "idle");
    },
  };
}

/** CRC-32, bit by bit; the texts are ASCII. */
function crc(text: string): number {
  let value = 0xffffffff;
  for (let at = 0; at < text.length; at++) {
    value ^= text.charCodeAt(at);
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  }
  return (value ^ 0xffffffff) >>> 0;
}

async function way(name: string, history: number): Promise<Way> {
  if (name === "nbchat") return ours(history);
  const peers = (await load("peers")).default as Record<string, (host: HTMLElement) => Way>;
  const made = peers[name];
  if (!made) throw new Error(`no way ${name}`);
  return made(place());
}

let used: Way;
let clock: Clock;
let text = "";
let at = 0;
let piece = PIECE;

/** Prepare a stream of `kind` ("answer" or the name of a single block) and this many characters; `sparse` pieces are drawn at once. */
async function open(name: string, kind: string, length: number, history: number, sparse: number): Promise<number> {
  piece = PIECE * sparse;
  text = kind === "answer" ? answer(length / 4) : (SINGLE[kind]?.(length) ?? "");
  clock = new Clock(STEP);
  at = 0;
  used = await way(name, history);
  for (let count = 0; count < 10; count++) {
    clock.advance();
    await frame();
  }
  return Math.ceil(text.length / piece);
}

/** Feed at most so many pieces, one in each frame; returns how many are left. */
async function feed(most: number): Promise<number> {
  for (let count = 0; count < most && at < text.length; count++) {
    await frame();
    performance.mark("update");
    clock.advance();
    used.append(text.slice(at, at + piece));
    at += piece;
  }
  await frame();
  return Math.max(0, Math.ceil((text.length - at) / piece));
}

/** End the stream, and let what was put off be done. */
async function finish(): Promise<string> {
  used.finish();
  for (let count = 0; count < 200; count++) {
    clock.advance();
    if (count % 20 === 0) await frame();
  }
  return (document.body.lastElementChild?.firstElementChild?.shadowRoot ?? document.body).textContent ?? "";
}

let shown: Shown;

/** Prepare a conversation of this many messages, and all code that shows it; `paged` gives all of it at once. */
async function prepare(count: number, paged: boolean): Promise<() => Promise<void>> {
  const all = conversation(count);
  const given = newest(all, paged ? Number.POSITIVE_INFINITY : undefined);
  const made = model(JSON.parse(JSON.stringify(given)), all);
  await Promise.all(["widget", "app"].map(load));
  return async () => {
    shown = await show(made, place());
    await frame();
    await new Promise((done) => setTimeout(done)); // after the frame was painted
  };
}

/** Scroll from the end to the beginning in steps of a screen's half, a step a frame; returns how many. */
async function scrollUp(): Promise<number> {
  const log = shown.root.querySelector(".log") as HTMLElement;
  let steps = 0;
  while (log.scrollTop > 0 && steps < 5_000) {
    performance.mark("update");
    log.scrollTop -= log.clientHeight / 2;
    log.dispatchEvent(new WheelEvent("wheel", { deltaY: -100 }));
    steps++;
    await frame();
  }
  return steps;
}

/** Wait until nothing has been drawn in idle moments for a while. */
async function idle(): Promise<void> {
  for (let size = -1; size !== shown.root.querySelectorAll("*").length; ) {
    size = shown.root.querySelectorAll("*").length;
    await new Promise((done) => setTimeout(done, 500));
  }
}

let opening: () => Promise<void>;

Object.assign(globalThis, {
  bench: {
    open,
    feed,
    finish,
    prepare: async (count: number, paged: boolean) => {
      opening = await prepare(count, paged);
    },
    reopen: () => opening(),
    scrollUp,
    idle,
    messages: () => shown.root.querySelectorAll(".message").length,
  },
});
