/** Attachments in the composer: how they come, what their chips say, and that they go with the question or come back. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import vector from "../../../tests/vectors/attachments.json";
import { MOST_TEXT } from "../../src/attach/read.ts";
import { pictureTokens, textTokens } from "../../src/attach/tokens.ts";
import { registry } from "../../src/registry.ts";
import type { Outgoing } from "../../src/wire/protocol.ts";
import { choose, drag, paste, picture, text, transfer } from "../support/files.ts";
import { type Rendered, TestView } from "../support/view.ts";

let view: TestView;
beforeEach(() => registry().shelves.clear());
afterEach(() => (view as TestView | undefined)?.end());

type Sent = Extract<Outgoing, { op: "send" }>;
const sent = () => view.sent("send") as Sent[];
const chips = (shown: Rendered) => [...shown.root.querySelectorAll(".chip")];
const said = (shown: Rendered) => shown.find(".attached [role=status]").textContent;
const settled = (shown: Rendered, names: string[]) =>
  vi.waitFor(() => {
    expect(shown.has(".chip") && shown.find(".chips").textContent?.includes("Reading")).toBe(false);
    expect(chips(shown).map((chip) => chip.querySelector(".chip-name")?.textContent)).toEqual(names);
  });

async function ask(shown: Rendered, words: string) {
  shown.type(words);
  await vi.waitFor(() => expect(shown.button("Send").disabled).toBe(false));
  await new Promise(requestAnimationFrame);
  shown.key("Enter");
}

test("the page and the kernel count and bound alike", () => {
  expect(vector.limits.text).toBe(MOST_TEXT);
  for (const { width, height, tokens } of vector.images) expect(pictureTokens(width, height)).toBe(tokens);
  for (const { characters, tokens } of vector.texts) expect(textTokens(characters)).toBe(tokens);
});

describe("what is attached", () => {
  test("pasted, dropped and chosen, it goes with the question in the order in which it came", async () => {
    view = new TestView();
    const shown = view.render();
    const plot = await picture("plot.png", 640, 480);
    expect(paste(shown, transfer(plot))).toBe(false);
    await settled(shown, ["plot.png"]);
    drag(shown, "drop", transfer(text("data.csv", "a,b\n1,2\n")));
    await settled(shown, ["plot.png", "data.csv"]);
    choose(shown, text("näh.ipynb", '\ufeff{"cells": []}'));
    await settled(shown, ["plot.png", "data.csv", "näh.ipynb"]);
    expect(chips(shown).map((chip) => chip.querySelector("small")?.textContent)).toEqual([
      "640 × 480 · ~425 tokens",
      "8 B · ~2 tokens",
      "16 B · ~4 tokens",
    ]);
    expect(chips(shown)[0]?.querySelector("img")?.src).toMatch(/^data:image\/png;base64,/);
    expect(shown.find(".attached-sum").textContent).toBe("~431 tokens are attached");
    expect(said(shown)).toBe("Attached: näh.ipynb");
    await ask(shown, "what is this?");
    const bytes = await plot.arrayBuffer();
    expect(sent()).toMatchObject([
      {
        text: "what is this?",
        attachments: [
          { kind: "image", name: "plot.png", data: btoa(String.fromCharCode(...new Uint8Array(bytes))) },
          { kind: "text", name: "data.csv", data: "a,b\n1,2\n" },
          { kind: "text", name: "näh.ipynb", data: '{"cells": []}' },
        ],
      },
    ]);
    expect(Object.keys(sent()[0]?.attachments?.[0] ?? {})).toEqual(["kind", "name", "data"]);
    await vi.waitFor(() => expect(shown.has(".chip")).toBe(false));
    expect(shown.find(".waiting .attachments").textContent).toBe("plot.pngdata.csvnäh.ipynb");
    await ask(shown, "and now?");
    expect(sent()[1]).not.toHaveProperty("attachments");
  });

  test("a refused question comes back with them, before what was attached since", async () => {
    view = new TestView();
    const shown = view.render();
    choose(shown, text("a.txt", "a"), text("b.txt", "b"));
    await settled(shown, ["a.txt", "b.txt"]);
    await ask(shown, "Why?");
    choose(shown, text("c.txt", "c"));
    await settled(shown, ["c.txt"]);
    const { client_id } = sent()[0] as Sent;
    view.model.deliver({ op: "refused", client_id, error: { kind: "config", text: "No.", hint: "" } });
    await settled(shown, ["a.txt", "b.txt", "c.txt"]);
    await vi.waitFor(() => expect(shown.find<HTMLTextAreaElement>(".composer textarea").value).toBe("Why?"));
    shown.key("Enter");
    expect(sent()[1]?.attachments?.map(({ name }) => name)).toEqual(["a.txt", "b.txt", "c.txt"]);
  });

  test("what is being read when a cell is run again arrives in the next view of the conversation", async () => {
    view = new TestView({ conversation: "c1" });
    const old = view.render();
    choose(old, text("a.txt", "a"), text("b.txt", "b"));
    old.end();
    view.end();
    view = new TestView({ conversation: "c1" });
    await settled(view.render(), ["a.txt", "b.txt"]);
  });

  test("without a question nothing is sent, and the box says what is missing", async () => {
    view = new TestView();
    const shown = view.render();
    choose(shown, text("a.txt", "a"));
    await settled(shown, ["a.txt"]);
    shown.button("Send").click();
    await vi.waitFor(() => expect(said(shown)).toBe("Write a question to go with it."));
    expect(sent()).toEqual([]);
    expect(shown.focused).toBe(shown.find("textarea"));
  });

  test("it is removed by mouse and by keyboard, and the focus goes on to the next one", async () => {
    view = new TestView();
    const shown = view.render();
    choose(shown, text("a.txt", "a"), text("b.txt", "b"), text("c.txt", "c"));
    await settled(shown, ["a.txt", "b.txt", "c.txt"]);
    shown.button("Remove b.txt").focus();
    shown.button("Remove b.txt").click();
    await settled(shown, ["a.txt", "c.txt"]);
    expect(shown.focused).toBe(shown.button("Remove c.txt"));
    shown.key("Delete", {}, "[aria-label='Remove c.txt']");
    await settled(shown, ["a.txt"]);
    expect(shown.focused).toBe(shown.button("Remove a.txt"));
    shown.key("Backspace", {}, "[aria-label='Remove a.txt']");
    await settled(shown, []);
    expect(shown.focused).toBe(shown.find("textarea"));
  });

  test("the kernel is told how many tokens they are, for the price of the next question", async () => {
    view = new TestView();
    const shown = view.render();
    choose(shown, text("a.txt", "a".repeat(40)), text("b.txt", "b".repeat(80)));
    await settled(shown, ["a.txt", "b.txt"]);
    await vi.waitFor(() => expect(view.sent("attached").at(-1)).toEqual({ op: "attached", tokens: 30 }));
    shown.button("Remove a.txt").click();
    await vi.waitFor(() => expect(view.sent("attached").at(-1)).toEqual({ op: "attached", tokens: 20 }));
    await ask(shown, "Why?");
    await vi.waitFor(() => expect(view.sent("attached").at(-1)).toEqual({ op: "attached", tokens: 0 }));
    choose(shown, text("empty", ""));
    await vi.waitFor(() => expect(said(shown)).toContain("is empty"));
    expect(view.sent("attached").at(-1)).toEqual({ op: "attached", tokens: 0 });
  });

  test("a model that takes no pictures is said before one is sent", async () => {
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
    view = new TestView({ outlook: { ...outlook, sees: false } });
    const shown = view.render();
    choose(shown, text("a.txt", "a"));
    await settled(shown, ["a.txt"]);
    expect(shown.has(".attached [role=alert]")).toBe(false);
    choose(shown, await picture("plot.png", 9, 9));
    await settled(shown, ["a.txt", "plot.png"]);
    expect(shown.find(".attached [role=alert]").textContent).toContain("lab/tiny takes no pictures");
    view.model.set("outlook", outlook);
    await vi.waitFor(() => expect(shown.has(".attached [role=alert]")).toBe(false));
  });
});

describe("what a file is", () => {
  test.each([
    ["a movie.png", "\x00\x01\x02", "is not a picture or text"],
    ["empty.txt", "", "is empty"],
    ["latin.txt", new Uint8Array([71, 114, 246, 223, 101]), "is not a picture or text in UTF-8"],
    ["long.txt", "x".repeat(MOST_TEXT + 1), "is too large: 400 kB are the most"],
    ["long.bin", new Uint8Array(MOST_TEXT + 1), "is not a picture or text"],
    ["cut.png", new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10]), "is damaged"],
    ["gone.gif", "GIF89a", "is damaged"],
  ] as const)("%s is refused by its content", async (name, content, says) => {
    view = new TestView();
    const shown = view.render();
    choose(shown, text(name, content), text("kept.txt", "kept"));
    await settled(shown, ["kept.txt"]);
    expect(said(shown)).toContain(`${name} ${says}`);
    expect(shown.find(".attached-said").className).toContain("wrong");
  });

  test("a large picture is made smaller, and its chip says so", async () => {
    view = new TestView();
    const shown = view.render();
    choose(shown, await picture("photo.jpg", 4_000, 3_000, "image/jpeg"), await picture("shot.png", 3_000, 100));
    await settled(shown, ["photo.jpg", "shot.png"]);
    expect(chips(shown).map((chip) => chip.querySelector("small")?.textContent)).toEqual([
      "2048 × 1536 · ~765 tokens · made smaller, from 4000 × 3000",
      "2048 × 68 · ~765 tokens · made smaller, from 3000 × 100",
    ]);
    await ask(shown, "what?");
    const begins = sent()[0]?.attachments?.map(({ data }) => atob(data).slice(0, 4));
    expect(begins).toEqual(["\xff\xd8\xff\xe0", "\x89PNG"]);
  });

  test("a heavy one is made lighter, and all of them together have a bound", async () => {
    view = new TestView();
    const shown = view.render();
    const heavy = await picture("noise.png", 1_400, 1_400, "image/png", true);
    expect(heavy.size).toBeGreaterThan(5_000_000);
    choose(shown, heavy, heavy, heavy, heavy, heavy, heavy);
    await vi.waitFor(() => expect(said(shown)).toContain("noise.png does not fit: 8 MB are the most"), 60_000);
    expect(chips(shown).length).toBeGreaterThan(1);
    expect(chips(shown)[0]?.textContent).toContain("made lighter");
    const many = Array.from({ length: 30 }, (_, at) => text(`${at}.txt`, "x"));
    choose(shown, ...many);
    await vi.waitFor(() => expect(said(shown)).toContain("20 files are the most"), 60_000);
    expect(chips(shown).length).toBe(20);
  });

  test("a picture beside text is what a spreadsheet or a word processor copies: there the text is meant", async () => {
    view = new TestView();
    const shown = view.render();
    const plot = await picture("image.png", 9, 9);
    expect(paste(shown, transfer(plot, ["text/plain", "1\t2"], ["text/html", "<td>1"]))).toBe(true);
    expect(paste(shown, transfer(["text/plain", "words"]))).toBe(true);
    expect(shown.has(".chip")).toBe(false);
    expect(paste(shown, transfer(plot, ["text/html", "<img>"]))).toBe(false);
    await settled(shown, ["image.png"]);
  });
});

describe("dropping", () => {
  test("a thread shows that it takes files, and only files", async () => {
    view = new TestView();
    const shown = view.render();
    const files = transfer(text("a.txt", "a"));
    expect(drag(shown, "dragover", transfer(["text/plain", "words"])).defaultPrevented).toBe(false);
    const heard = vi.fn();
    document.addEventListener("dragover", heard);
    expect(drag(shown, "dragenter", files, ".log").defaultPrevented).toBe(true);
    expect(drag(shown, "dragover", files, ".log").defaultPrevented).toBe(true);
    document.removeEventListener("dragover", heard);
    expect(heard).not.toHaveBeenCalled();
    await vi.waitFor(() => expect(shown.find(".drop").textContent).toContain("Drop pictures or text files"));
    drag(shown, "dragleave", files);
    await vi.waitFor(() => expect(shown.has(".drop")).toBe(false));
    drag(shown, "dragover", files);
    await vi.waitFor(() => expect(shown.has(".drop")).toBe(true));
    expect(drag(shown, "drop", files, ".log").defaultPrevented).toBe(true);
    await settled(shown, ["a.txt"]);
    expect(shown.has(".drop")).toBe(false);
    expect(shown.focused).toBe(shown.find("textarea"));
  });
});

test("a long text that is pasted may be a file as well", async () => {
  view = new TestView();
  const shown = view.render();
  const long = `line\n${"x".repeat(9_000)}`;
  expect(paste(shown, transfer(["text/plain", long.replace("\n", "\r\n")]))).toBe(true);
  shown.type(`Look: ${long} Why?`); // as the browser pastes it
  await vi.waitFor(() => expect(shown.find(".attached").textContent).toContain("9,005 characters were pasted"));
  shown.button("Attach them as a file").click();
  await settled(shown, ["pasted.txt"]);
  expect(shown.find<HTMLTextAreaElement>(".composer textarea").value).toBe("Look:  Why?");
  expect(shown.has(".attached .small")).toBe(false);
  expect(shown.focused).toBe(shown.find("textarea"));
  shown.key("Enter");
  expect(sent()[0]).toMatchObject({ text: "Look:  Why?", attachments: [{ name: "pasted.txt", data: long }] });
  paste(shown, transfer(["text/plain", long]));
  shown.type(long);
  await vi.waitFor(() => expect(shown.has(".attached .small")).toBe(true));
  shown.type("something else");
  await vi.waitFor(() => expect(shown.has(".attached .small")).toBe(false));
  expect(paste(shown, transfer(["text/plain", "short"]))).toBe(true);
});

test("the paper clip opens the system's choice of files, and stands behind the box", async () => {
  view = new TestView();
  const shown = view.render();
  const opened = vi.spyOn(shown.find<HTMLInputElement>("input[type=file]"), "click").mockImplementation(() => {});
  shown.button("Attach files").click();
  expect(opened).toHaveBeenCalledOnce();
  shown.type("Why?");
  await vi.waitFor(() => expect(shown.button("Send").disabled).toBe(false));
  const stops = [...shown.root.querySelectorAll<HTMLElement>(".composer :is(textarea, button, input:not([hidden]))")];
  expect(stops.map((each) => each.getAttribute("aria-label"))).toEqual(["Your question", "Attach files", "Send"]);
  expect(stops.every((each) => each.tabIndex === 0)).toBe(true);
});
