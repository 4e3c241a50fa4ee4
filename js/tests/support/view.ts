/** Mounts a view as anywidget does, with the app in the same page, and finds things in it. */
import { vi } from "vitest";
import app from "../../src/app.tsx";
import { provideAsset } from "../../src/assets.ts";
import * as extras from "../../src/extras.tsx";
import { PAGE } from "../../src/markdown/pace.ts";
import * as math from "../../src/math.ts";
import widget from "../../src/widget.ts";
import type { Message } from "../../src/wire/messages.ts";
import type { Event, Snapshot } from "../../src/wire/protocol.ts";
import { message, snapshot } from "./messages.ts";
import { FakeModel, QUIET } from "./model.ts";

PAGE.run = (draw) => draw(); // how long it rests is the machine's matter, and has tests of its own
provideAsset("extras", extras);
provideAsset("math", math);

const DEFAULTS = { ...QUIET, snapshot: snapshot() };

/** Preact draws in a microtask, effects follow a frame later: with fake timers nothing of that comes by itself. */
export async function drawn(): Promise<void> {
  await vi.advanceTimersByTimeAsync(50);
}

export function fakeTimers(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"] });
}

export class TestView {
  readonly model: FakeModel;
  readonly controller = new AbortController();
  private readonly def = widget();
  private readonly cleanups: (() => void)[] = [];
  private seq = 0;
  private generation: number;

  constructor(values: Record<string, unknown> = {}, withApp = true) {
    if (withApp) app.initialize();
    this.model = new FakeModel({ ...DEFAULTS, ...values });
    const given = this.model.values.snapshot as Snapshot;
    this.generation = given.generation;
    this.seq = given.seq;
    this.def.initialize({ model: this.model, signal: this.controller.signal });
    this.model.sent.length = 0;
  }

  /** Another rendering of the same model; `more` is what else a host hands over. */
  render(parent: ParentNode = document.body, more: Record<string, unknown> = {}): Rendered {
    const el = document.createElement("div");
    parent.append(el);
    const end = this.def.render({ model: this.model, el, ...more });
    const rendered = new Rendered(el, () => {
      end();
      el.remove();
    });
    this.cleanups.push(() => rendered.end());
    return rendered;
  }

  /** The kernel begins a turn. */
  begin(question = "Why?"): void {
    this.generation++;
    this.seq = 0;
    const q = message(`q${this.generation}`, "user", question, { parent: this.lastId() });
    const a = message(`a${this.generation}`, "assistant", "", { parent: q.id, status: "streaming" });
    this.append({ type: "turn-start", turn: `t${this.generation}`, messages: [q, a] });
  }

  append(...events: Event[]): void {
    const after = this.seq++;
    this.model.deliver({ op: "append", generation: this.generation, after, seq: this.seq, events });
  }

  say(text: string): void {
    this.append({ type: "text-delta", text });
  }

  finish(checksum: number, more: Partial<Message> = {}): void {
    const end = message(`a${this.generation}`, "assistant", "", { parent: `q${this.generation}`, ...more });
    this.append({ type: "turn-end", turn: `t${this.generation}`, message: end, checksum });
  }

  sent(op: string) {
    return this.model.sent.filter((each) => each.op === op);
  }

  end(): void {
    for (const cleanup of this.cleanups.splice(0)) cleanup();
    this.controller.abort();
  }

  private lastId(): string | null {
    return this.generation > 1 ? `a${this.generation - 1}` : null;
  }
}

export class Rendered {
  private ended = false;

  constructor(
    readonly el: HTMLElement,
    private readonly cleanup: () => void,
  ) {}

  get host(): HTMLElement {
    return this.el.firstElementChild as HTMLElement;
  }

  get root(): ShadowRoot {
    return this.host.shadowRoot as ShadowRoot;
  }

  find<T extends HTMLElement = HTMLElement>(selector: string): T {
    const node = this.root.querySelector<T>(selector);
    if (!node) throw new Error(`no ${selector} in ${this.text}`);
    return node;
  }

  has(selector: string): boolean {
    return this.root.querySelector(selector) !== null;
  }

  get text(): string {
    return this.root.querySelector(".nbchat")?.textContent ?? "";
  }

  /** The buttons with this name or text, in order. */
  buttons(name: string): HTMLButtonElement[] {
    return [...this.root.querySelectorAll("button")].filter(
      (button) => button.getAttribute("aria-label") === name || button.textContent?.trim() === name,
    );
  }

  /** The first button with this name or text. */
  button(name: string): HTMLButtonElement {
    const [found] = this.buttons(name);
    if (!found) throw new Error(`no button ${name} in ${this.text}`);
    return found;
  }

  /** What has the focus in this view. */
  get focused(): Element | null {
    return this.root.activeElement;
  }

  type(text: string, selector = ".composer textarea"): void {
    const box = this.find<HTMLTextAreaElement>(selector);
    box.value = text;
    box.dispatchEvent(new InputEvent("input", { bubbles: true, composed: true }));
  }

  key(key: string, more: KeyboardEventInit = {}, selector = ".composer textarea"): KeyboardEvent {
    const event = new KeyboardEvent("keydown", { key, bubbles: true, composed: true, cancelable: true, ...more });
    this.find(selector).dispatchEvent(event);
    return event;
  }

  end(): void {
    if (!this.ended) this.cleanup();
    this.ended = true;
  }
}
