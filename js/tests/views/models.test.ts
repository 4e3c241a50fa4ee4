/** The model menu: what it lists, how one is found in a large catalogue, and chosen without a mouse. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { loadExtras } from "../../src/views/lazy.tsx";
import type { ModelInfo } from "../../src/wire/calls.ts";
import { drawn, fakeTimers, type Rendered, TestView } from "../support/view.ts";

let view: TestView;
beforeEach(async () => {
  await loadExtras();
  fakeTimers();
});
afterEach(() => {
  view.end();
  vi.useRealTimers();
});

const MODELS: ModelInfo[] = [
  { id: "ollama/llama3.2:latest", name: "Llama3.2", context_length: 4096, recent: true },
  { id: "ollama/coder:7b", name: "Coder 7B", context_length: 32768, can: ["tools", "vision"], about: "4.7 GB; loaded" },
  { id: "lab/tiny", name: "Tiny", context_length: null, price: ["$1", "$2"] },
];
const many = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ id: `lab/m${n}`, name: `Model ${n}`, context_length: null }));

async function opened(models: ModelInfo[] = MODELS, total = models.length): Promise<Rendered> {
  view = new TestView();
  view.model.answers.models = ({ query }) => ({
    models: models.filter((each) => each.id.includes(query)),
    total: query ? models.filter((each) => each.id.includes(query)).length : total,
    error: null,
  });
  const shown = view.render();
  shown.find(".model").click();
  await drawn();
  await drawn();
  return shown;
}

const names = (shown: Rendered) =>
  [...shown.root.querySelectorAll(".row-head > :first-child")].map((each) => each.textContent);
const active = (shown: Rendered) => shown.find(".row.active .row-head > :first-child").textContent;
const status = (shown: Rendered) => shown.find(".menu [role=status]").textContent;
async function press(shown: Rendered, key: string, more: KeyboardEventInit = {}): Promise<void> {
  shown.key(key, more, ".menu input");
  await drawn();
}
async function type(shown: Rendered, text: string): Promise<void> {
  shown.type(text, ".menu input");
  await vi.advanceTimersByTimeAsync(150);
  await drawn();
}

describe("the model menu", () => {
  test("says what a model costs, can read and do, how large it is and whether it is loaded", async () => {
    const shown = await opened();
    const [, coder, tiny] = shown.root.querySelectorAll(".row");
    expect(coder?.querySelector(":scope > small")?.firstChild?.textContent).toBe(
      "ollama/coder:7b · 32.8k context · 4.7 GB; loaded",
    );
    expect([...(coder?.querySelectorAll(".tag") ?? [])].map((tag) => tag.textContent)).toEqual(["tools", "vision"]);
    expect(tiny?.querySelector(".row-price")?.textContent).toBe("$1 in · $2 out");
    expect(status(shown)).toBe("3 models. Prices are per million tokens.");
  });

  test("tells those that were asked lately from all others, to the ear too", async () => {
    const shown = await opened();
    const groups = [...shown.root.querySelectorAll(".menu [role=group]")];
    expect(groups.map((group) => [group.getAttribute("aria-label"), group.querySelectorAll(".row").length])).toEqual([
      ["Asked lately", 1],
      ["All others", 2],
    ]);
    await type(shown, "tiny");
    expect(shown.root.querySelectorAll(".menu-head").length).toBe(0);
  });

  test("has the kernel search, once for what is typed in one go, and says how many there are", async () => {
    const shown = await opened(many(100), 10_001);
    expect(status(shown)).toBe("100 of 10,001 models; type to find the others.");
    const options = shown.root.querySelectorAll("[role=option]");
    expect([options[9]?.getAttribute("aria-posinset"), options[9]?.getAttribute("aria-setsize")]).toEqual([
      "10",
      "10001",
    ]);
    for (const text of ["m", "m9", "m99"]) shown.type(text, ".menu input");
    await vi.advanceTimersByTimeAsync(200);
    await drawn();
    expect(view.sent("models").map((each) => (each as { query: string }).query)).toEqual(["", "m99"]);
    expect(names(shown)).toEqual(["Model 99"]);
    await type(shown, "nothing");
    expect(status(shown)).toBe("No model matches.");
  });

  test("is walked through by arrows, pages and ends", async () => {
    const shown = await opened(many(30));
    const walk: [string, KeyboardEventInit, string][] = [
      ["ArrowDown", {}, "Model 1"],
      ["PageDown", {}, "Model 11"],
      ["End", {}, "Model 29"],
      ["ArrowDown", {}, "Model 29"],
      ["PageUp", {}, "Model 19"],
      ["ArrowUp", {}, "Model 18"],
      ["Home", {}, "Model 0"],
      ["ArrowUp", {}, "Model 0"],
    ];
    for (const [key, more, name] of walk) {
      await press(shown, key, more);
      expect(active(shown), key).toBe(name);
    }
    expect(shown.find(".menu input").getAttribute("aria-activedescendant")).toBe("nbchat-model-0");
    await type(shown, "m");
    await press(shown, "End"); // in what is typed, it is for the text
    expect(active(shown)).toBe("Model 0");
    await press(shown, "End", { ctrlKey: true });
    expect(active(shown)).toBe("Model 29");
  });

  test("Enter chooses, and what is typed meanwhile is waited for", async () => {
    const shown = await opened();
    shown.type("tiny", ".menu input");
    await press(shown, "Enter"); // its models are not here yet
    expect(view.sent("model")).toEqual([]);
    await vi.advanceTimersByTimeAsync(150);
    await drawn();
    expect(view.sent("model")).toEqual([{ op: "model", model: "lab/tiny" }]);
    expect(shown.has(".menu")).toBe(false);
    expect(shown.focused?.className).toBe("model");
  });

  test.each(["Escape", "Tab"])("%s closes it, and the focus is at its button", async (key) => {
    const shown = await opened();
    await press(shown, key);
    expect(shown.has(".menu")).toBe(false);
    expect(shown.focused?.className).toBe("model");
  });

  test("says what went wrong in sentences, beside what there is", async () => {
    view = new TestView();
    const error = { kind: "network", text: "lab: it does not answer", hint: "Start it." };
    view.model.answers.models = { models: MODELS, total: 3, error };
    const shown = view.render();
    shown.find(".model").click();
    await drawn();
    await drawn();
    expect(shown.find(".menu-note.warn").textContent).toBe("lab: it does not answer. Start it.");
    expect(names(shown).length).toBe(3);
  });

  test("a busy kernel is asked again, and said to be slow", async () => {
    view = new TestView();
    const shown = view.render();
    shown.find(".model").click();
    await vi.advanceTimersByTimeAsync(1_700);
    expect(shown.find(".kernel-line").textContent).toContain("The kernel does not answer.");
    await vi.advanceTimersByTimeAsync(5_000);
    const [first, second] = view.sent("models");
    expect(second).toEqual(first);
    view.model.deliver({
      op: "reply",
      ask: (first as { ask: string }).ask,
      value: { models: MODELS, total: 3, error: null },
    });
    await drawn();
    await drawn();
    expect(names(shown).length).toBe(3);
    expect(shown.has(".kernel-line")).toBe(false);
  });

  test("nothing is asked any more for a model that is gone", async () => {
    view = new TestView();
    const shown = view.render();
    shown.find(".model").click();
    await drawn();
    view.end();
    const asked = view.sent("models").length;
    await vi.advanceTimersByTimeAsync(120_000);
    expect(view.sent("models").length).toBe(asked);
    expect(vi.getTimerCount()).toBe(0);
  });
});
