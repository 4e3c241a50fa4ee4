/** Names in a question: their chips, the list behind an @, and what is said of them when the question is sent. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { registry } from "../../src/registry.ts";
import type { Mention } from "../../src/wire/calls.ts";
import type { Outgoing } from "../../src/wire/protocol.ts";
import { choose, text } from "../support/files.ts";
import { drawn, fakeTimers, type Rendered, TestView } from "../support/view.ts";

let view: TestView;
beforeEach(() => {
  registry().shelves.clear();
  fakeTimers();
});
afterEach(() => {
  view.end();
  vi.useRealTimers();
});

const DF: Mention = { name: "@df", kind: "DataFrame (pandas)", tokens: 229, digest: "d1" };
const FIG: Mention = { name: "@fig", kind: "Figure (matplotlib)", tokens: 777, digest: "f1", size: "1,024 × 768" };
const LATE: Mention = { name: "@late", kind: "Late", tokens: 40, digest: "l1", note: "takes too long to describe" };
const KNOWN = [DF, FIG, LATE];

type Sent = Extract<Outgoing, { op: "send" }>;
const sent = () => view.sent("send") as Sent[];
const chips = (shown: Rendered) =>
  [...shown.root.querySelectorAll(".chip")].map((chip) => [
    chip.querySelector(".chip-name")?.textContent,
    chip.querySelector("small")?.textContent,
  ]);
const named = (shown: Rendered) => chips(shown).map(([name]) => name);
const rows = (shown: Rendered) => [...shown.root.querySelectorAll(".names .row-name")].map((row) => row.textContent);
const box = (shown: Rendered) => shown.find<HTMLTextAreaElement>(".composer textarea");

/** A view whose kernel knows these names. */
function opened(values: Record<string, unknown> = {}): Rendered {
  view = new TestView(values);
  view.model.answers.mentions = ({ text: draft }) => ({ mentions: KNOWN.filter(({ name }) => draft.includes(name)) });
  view.model.answers.names = {
    names: [
      ["cell", "code"],
      ["df", "DataFrame (pandas)"],
      ["df_long", "DataFrame (pandas)"],
      ["n", "int"],
      ["In[3]", "code"],
    ],
  };
  return view.render();
}

async function shows(shown: Rendered, names: string[]) {
  await vi.waitFor(() => expect(named(shown)).toEqual(names));
}

/** Type as a person does: with the box in focus and the caret at the end. */
async function type(shown: Rendered, words: string) {
  box(shown).focus();
  shown.type(words);
  await drawn();
}

async function send(shown: Rendered) {
  shown.key("Enter");
  await vi.waitFor(() => expect(box(shown).value).toBe(""));
}

describe("chips", () => {
  test("say what goes along for each name, and the question is sent with what they showed", async () => {
    const shown = opened();
    await type(shown, "what is odd in @df, @fig and @late? ");
    await shows(shown, ["@df", "@fig", "@late"]);
    expect(chips(shown).map(([, facts]) => facts)).toEqual([
      "DataFrame (pandas) · ~229 tokens",
      "Figure (matplotlib) · 1,024 × 768 · ~777 tokens",
      "Late · ~40 tokens · takes too long to describe",
    ]);
    expect(shown.find(".attached-sum").textContent).toBe("~1,046 tokens are attached");
    await vi.waitFor(() => expect(view.sent("attached").at(-1)).toEqual({ op: "attached", tokens: 1_046 }));
    await send(shown);
    expect(sent()[0]).toMatchObject({
      text: "what is odd in @df, @fig and @late? ",
      mentions: { "@df": "d1", "@fig": "f1", "@late": "l1" },
    });
    await shows(shown, []);
    await vi.waitFor(() => expect(view.sent("attached").at(-1)).toEqual({ op: "attached", tokens: 0 }));
  });

  test("stand beside those of files", async () => {
    const shown = opened();
    choose(shown, text("a.txt", "a"));
    await type(shown, "@df ");
    await shows(shown, ["@df", "a.txt"]);
    await send(shown);
    expect(sent()[0]).toMatchObject({ mentions: { "@df": "d1" }, attachments: [{ name: "a.txt" }] });
  });

  test("the kernel is asked after a pause, once, and again only where other names may be meant", async () => {
    const shown = opened();
    for (const words of ["@", "@d", "@df", "@df ", "@df i"]) await type(shown, words);
    expect(view.sent("mentions")).toEqual([]);
    await shows(shown, ["@df"]);
    await type(shown, "@df is it odd?");
    await vi.advanceTimersByTimeAsync(600);
    expect(view.sent("mentions")).toHaveLength(1);
    await type(shown, "@df is it odd, @fig?");
    await shows(shown, ["@df", "@fig"]);
    await type(shown, "no names");
    await shows(shown, []);
    expect(view.sent("mentions")).toHaveLength(2);
  });

  test("one that is removed stays text, also when the question comes back, until it is written again", async () => {
    const shown = opened();
    await type(shown, "@df and @fig ");
    await shows(shown, ["@df", "@fig"]);
    shown.button("Leave @df as text").focus();
    shown.button("Leave @df as text").click();
    await shows(shown, ["@fig"]);
    expect(shown.focused).toBe(shown.button("Leave @fig as text"));
    await send(shown);
    expect(sent()[0]?.mentions).toEqual({ "@df": "", "@fig": "f1" });
    const { client_id } = sent()[0] as Sent;
    view.model.deliver({ op: "refused", client_id, error: { kind: "usage", text: "changed", hint: "" } });
    await vi.waitFor(() => expect(box(shown).value).toBe("@df and @fig "));
    await shows(shown, ["@fig"]);
    await type(shown, "@ and @fig ");
    await type(shown, "@df and @fig ");
    await shows(shown, ["@df", "@fig"]);
  });

  test("somebody who is quick sees what goes along before it is sent, and sends it with another press", async () => {
    const shown = opened();
    await type(shown, "@df? ");
    shown.key("Enter");
    await shows(shown, ["@df"]);
    expect(shown.find(".attached-said").textContent).toBe("This goes along: @df. Press Enter again to send it.");
    expect(sent()).toEqual([]);
    await send(shown);
    expect(sent()[0]).toMatchObject({ text: "@df? ", mentions: { "@df": "d1" } });
  });

  test("a question is held while the kernel is busy, unless it is sent once more", async () => {
    const shown = opened();
    const { answers } = view.model;
    delete answers.mentions;
    await type(shown, "@df? ");
    shown.key("Enter");
    await vi.waitFor(() =>
      expect(shown.find(".attached-said").textContent).toBe("Looking up what the names stand for…"),
    );
    expect(sent()).toEqual([]);
    await send(shown);
    expect(sent()[0]).toMatchObject({ text: "@df? " });
    expect(sent()[0]).not.toHaveProperty("mentions");
  });

  test("a name is looked up while the words behind it are still written", async () => {
    const shown = opened();
    await type(shown, "@df ");
    for (let words = "@df "; named(shown).length === 0; words += "a") {
      expect(words.length).toBeLessThan(60);
      await type(shown, words);
    }
    expect(view.sent("mentions")).toHaveLength(1);
  });

  test("coming back to the box asks again: cells may have run", async () => {
    const shown = opened();
    await type(shown, "@df ");
    await shows(shown, ["@df"]);
    box(shown).blur();
    view.model.answers.mentions = { mentions: [{ ...DF, tokens: 500, digest: "d2" }] };
    box(shown).focus();
    await vi.waitFor(() => expect(chips(shown)[0]?.[1]).toBe("DataFrame (pandas) · ~500 tokens"));
  });

  test("a kernel that cannot say leaves them out", async () => {
    const shown = opened();
    view.model.denied.mentions = { kind: "usage", text: "too many", hint: "" };
    await type(shown, "@df ");
    shown.key("Enter");
    await vi.waitFor(() =>
      expect(shown.find(".attached-said").textContent).toBe(
        "The kernel does not say what the names stand for. Press Enter again to send it all the same.",
      ),
    );
    expect(sent()).toEqual([]);
    await send(shown);
    expect(sent()[0]?.text).toBe("@df ");
  });

  test("a picture that the model cannot see is said before it is sent", async () => {
    const outlook = {
      tokens: 9,
      estimated: false,
      price: null,
      answer: "",
      length: null,
      kept: 0,
      first: null,
      omitted: 0,
    };
    const shown = opened({ outlook: { ...outlook, sees: false } });
    await type(shown, "@fig ");
    await shows(shown, ["@fig"]);
    expect(shown.find(".attached-said.warn").textContent).toContain("takes no pictures");
  });
});

describe("the list of names", () => {
  test("opens behind an @, narrows, and Tab takes the chosen one", async () => {
    const shown = opened();
    await type(shown, "what is @");
    await vi.waitFor(() => expect(rows(shown)).toEqual(["@cell", "@df", "@df_long", "@n", "@In[3]"]));
    await type(shown, "what is @D");
    await vi.waitFor(() => expect(rows(shown)).toEqual(["@df", "@df_long"]));
    shown.key("ArrowDown");
    await vi.waitFor(() => expect(shown.find(".names [aria-selected=true]").textContent).toContain("@df_long"));
    expect(box(shown).getAttribute("aria-activedescendant")).toBe("nbchat-name-1");
    expect(shown.key("Tab").defaultPrevented).toBe(true);
    await vi.waitFor(() => expect(box(shown).value).toBe("what is @df_long"));
    await vi.waitFor(() => expect(shown.has(".names")).toBe(false));
    expect(shown.focused).toBe(box(shown));
    expect(box(shown).getAttribute("aria-activedescendant")).toBe(null);
    expect(view.sent("names")).toHaveLength(1);
  });

  test("Enter takes one that is begun, and sends where the name is whole", async () => {
    const shown = opened();
    await type(shown, "@d");
    await vi.waitFor(() => expect(rows(shown)).toEqual(["@df", "@df_long"]));
    shown.key("Enter");
    await vi.waitFor(() => expect(box(shown).value).toBe("@df"));
    expect(sent()).toEqual([]);
    await type(shown, "@df_long @df");
    await vi.waitFor(() => expect(rows(shown)).toEqual([]));
    shown.key("Enter");
    await shows(shown, ["@df"]);
    await send(shown);
    expect(sent()[0]?.text).toBe("@df_long @df");
  });

  test("Escape closes it and stops nothing; a click takes; addresses open none", async () => {
    const shown = opened();
    view.begin();
    await type(shown, "@");
    await vi.waitFor(() => expect(rows(shown)).toHaveLength(5));
    shown.key("Escape");
    await vi.waitFor(() => expect(shown.has(".names")).toBe(false));
    expect(view.sent("stop")).toEqual([]);
    for (const words of ["me@", "\\@", "@@", "a/@", "@x "]) {
      await type(shown, words);
      expect(rows(shown)).toEqual([]);
    }
    await type(shown, "(@");
    await vi.waitFor(() => expect(rows(shown)).toHaveLength(5));
    shown.find(".names .row:last-child").click();
    await vi.waitFor(() => expect(box(shown).value).toBe("(@In[3]"));
  });

  test("no name, no list: the keys are the box's", async () => {
    const shown = opened();
    await type(shown, "thanks @john");
    await drawn();
    expect(shown.has(".names")).toBe(false);
    await send(shown);
    expect(sent()[0]?.text).toBe("thanks @john");
  });
});
