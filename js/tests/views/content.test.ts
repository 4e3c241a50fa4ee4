/** What can be done with an answer's content: wrap, insert, copy code, tables and formulas; pictures and reasoning. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { line, message, snapshot } from "../support/messages.ts";
import { drawn, fakeTimers, type Rendered, TestView } from "../support/view.ts";

let view: TestView;
let copied: Record<string, string>;

beforeEach(() => {
  copied = {};
  vi.spyOn(navigator.clipboard, "writeText").mockImplementation(async (text) => {
    copied = { "text/plain": text };
  });
  vi.spyOn(navigator.clipboard, "write").mockImplementation(async ([item]) => {
    for (const type of item?.types ?? []) copied[type] = await (await (item as ClipboardItem).getType(type)).text();
  });
});

afterEach(() => {
  view.end();
  vi.useRealTimers();
  vi.restoreAllMocks();
  localStorage.clear();
});

function answered(parts: Parameters<typeof message>[2], manager?: unknown): Rendered {
  view = new TestView({ snapshot: snapshot(line(message("q", "user", "?"), message("a", "assistant", parts))) });
  Object.assign(view.model, { widget_manager: manager });
  return view.render();
}

describe("code", () => {
  const CODE = "```python\nx = 1\n\ny = 2\n```\n\n```md\n# a\n```";

  test("wraps in all views of the page at once, and that is remembered", () => {
    const shown = answered(CODE);
    const other = view.render();
    const [wrap] = shown.buttons("Wrap");
    expect(wrap?.ariaPressed).toBe("false");
    wrap?.click();
    for (const each of [shown, other]) {
      expect(each.host.hasAttribute("data-wrap")).toBe(true);
      expect(each.buttons("Wrap").map((button) => button.ariaPressed)).toEqual(["true", "true"]);
      expect(getComputedStyle(each.find(".code code")).whiteSpace).toBe("pre-wrap");
    }
    const later = view.render();
    expect(later.button("Wrap").ariaPressed).toBe("true");
    later.button("Wrap").click();
    expect(shown.host.hasAttribute("data-wrap")).toBe(false);
  });

  test("is inserted as a cell below, in a notebook that can be changed", async () => {
    const cells: unknown[] = [
      {},
      { getOutputs: () => [{ data: { "application/vnd.jupyter.widget-view+json": { model_id: "m" } } }] },
      {},
    ];
    const insertCell = vi.fn();
    view?.end();
    const shown = answered(CODE, { context: { model: { readOnly: false, sharedModel: { cells, insertCell } } } });
    view.model.values.comm_id = "m";
    const [insert, markdown] = shown.buttons("Insert below");
    expect(getComputedStyle(insert as Element).display).not.toBe("none");
    insert?.focus();
    insert?.click();
    await vi.waitFor(() => expect(insert?.textContent).toBe("Inserted"));
    expect(insertCell).toHaveBeenCalledWith(2, { cell_type: "code", source: "x = 1\n\ny = 2", metadata: {} });
    expect(shown.focused).toBe(insert);
    await vi.waitFor(() => expect(shown.find(".said").textContent).toBe("Inserted as a new cell below this one"));
    markdown?.click();
    await vi.waitFor(() => expect(insertCell).toHaveBeenCalledTimes(2));
    expect(insertCell).toHaveBeenLastCalledWith(2, { cell_type: "markdown", source: "# a", metadata: {} });
    view.model.values.comm_id = "unknown";
    markdown?.click();
    await vi.waitFor(() => expect(insertCell).toHaveBeenCalledTimes(3));
    expect(insertCell).toHaveBeenLastCalledWith(3, { cell_type: "markdown", source: "# a", metadata: {} });
    const beside = document.createElement("div");
    beside.className = "jp-NotebookPanel";
    const list = beside.appendChild(document.createElement("div"));
    list.className = "jp-Notebook";
    const active = list.appendChild(document.createElement("div"));
    active.className = "jp-Cell jp-mod-active";
    active.dataset.windowedListIndex = "0";
    document.body.append(beside);
    markdown?.click();
    await vi.waitFor(() => expect(insertCell).toHaveBeenCalledTimes(4));
    expect(insertCell).toHaveBeenLastCalledWith(1, { cell_type: "markdown", source: "# a", metadata: {} });
    beside.remove();
  });

  test("takes the place of the code above its own cell, not of a question", async () => {
    const cell = (source: string, more: object = {}) => ({
      cell_type: "code",
      getSource: () => source,
      setSource: vi.fn(),
      ...more,
    });
    const shows = [{ data: { "application/vnd.jupyter.widget-view+json": { model_id: "m" } } }];
    const wrong = cell("half = 1 / 0");
    const cells = [
      cell("import math"),
      wrong,
      { ...cell("# why"), cell_type: "markdown" },
      cell("  "),
      cell("%%chat\nwhy?"),
      cell("%nbchat fix", { getOutputs: () => shows }),
      cell("after = 1"),
    ];
    const given = [message("q", "user", "?"), message("a", "assistant", CODE)];
    view = new TestView({ kind: "turn", snapshot: snapshot(line(...given), { turn: "t1" }) });
    const sharedModel = { cells, insertCell: vi.fn() };
    Object.assign(view.model, { widget_manager: { context: { model: { sharedModel } } } });
    view.model.values.comm_id = "m";
    const shown = view.render();
    const [replace] = shown.buttons("Replace above");
    expect(getComputedStyle(replace as Element).display).not.toBe("none");
    replace?.click();
    await vi.waitFor(() => expect(replace?.textContent).toBe("Replaced"));
    expect(wrong.setSource.mock.calls).toEqual([["x = 1\n\ny = 2"]]);
    for (const other of cells) if (other !== wrong) expect(other.setSource).not.toHaveBeenCalled();
    cells.splice(0, 2);
    const [second] = shown.buttons("Replace above"); // the first one still says what it did
    second?.click();
    await vi.waitFor(() => expect(second?.textContent).toBe("No code above"));
  });

  test.each([
    ["elsewhere", undefined],
    ["read-only", { context: { model: { readOnly: true, sharedModel: { cells: [], insertCell: () => {} } } } }],
    ["without the document", { context: {} }],
  ])("offers no cell %s", (_, manager) => {
    const shown = answered(CODE, manager);
    expect(getComputedStyle(shown.button("Insert below")).display).toBe("none");
    expect(getComputedStyle(shown.button("Replace above")).display).toBe("none");
  });
});

describe("tables", () => {
  const TABLE = "| a | $x$ |\n|---|---|\n| **b** | -1.5 |\n| =HYPERLINK(1) | @x |\n| +cmd | two  `words` |";

  test("copy as cells: tab-separated text, and a table without anything else in it", async () => {
    const shown = answered(TABLE);
    shown.button("Copy table").click();
    await vi.waitFor(() => expect(shown.has("[data-label='Copy table']")).toBe(true));
    expect(copied["text/plain"]).toBe("a\t$x$\nb\t-1.5\n'=HYPERLINK(1)\t'@x\n'+cmd\ttwo words");
    expect(copied["text/html"]).toBe(
      "<table><tbody><tr><th>a</th><th>$x$</th></tr><tr><td>b</td><td>-1.5</td></tr>" +
        "<tr><td>'=HYPERLINK(1)</td><td>'@x</td></tr><tr><td>'+cmd</td><td>two words</td></tr></tbody></table>",
    );
  });

  test("also where the clipboard is only reached by a command", async () => {
    const shown = answered(TABLE);
    vi.spyOn(navigator, "clipboard", "get").mockReturnValue(undefined as never);
    vi.spyOn(document, "execCommand").mockImplementation(() => {
      const data = new DataTransfer();
      document.activeElement?.dispatchEvent(new ClipboardEvent("copy", { clipboardData: data, bubbles: true }));
      for (const type of data.types) copied[type] = data.getData(type);
      return true;
    });
    shown.button("Copy table").click();
    await vi.waitFor(() => expect(copied["text/html"]).toContain("<td>two words</td>"));
    expect(copied["text/plain"]).toContain("a\t$x$");
  });
});

describe("formulas", () => {
  test("are copied as LaTeX, whole", async () => {
    const shown = answered("So $x^2$ is **good**, and\n\n$$\ny\n$$\n\nthe end");
    await vi.waitFor(() => expect(shown.root.querySelectorAll("math").length).toBe(2));
    const [first] = shown.root.querySelectorAll("math");
    const selection = getSelection() as Selection;
    selection.setBaseAndExtent(
      first?.querySelector("mi")?.firstChild as Node,
      0,
      shown.find(".markdown > :last-child").firstChild as Node,
      3,
    );
    const data = new DataTransfer();
    const event = new ClipboardEvent("copy", { clipboardData: data, bubbles: true, composed: true, cancelable: true });
    shown.find(".markdown p").dispatchEvent(event);
    expect(event.defaultPrevented).toBe(true);
    expect(data.getData("text/plain").replace(/\n+/g, "\n")).toBe("$x^2$ is good, and\n$$\ny\n$$\nthe");
    expect(data.getData("text/html")).toContain("<strong>good</strong>");
    expect(data.getData("text/html")).not.toContain("<math");
  });

  test("text without any is the browser's", async () => {
    const shown = answered("So $x^2$ is **good**");
    await vi.waitFor(() => expect(shown.has("math")).toBe(true));
    getSelection()?.selectAllChildren(shown.find("strong"));
    const event = new ClipboardEvent("copy", { clipboardData: new DataTransfer(), bubbles: true, cancelable: true });
    shown.find("strong").dispatchEvent(event);
    expect(event.defaultPrevented).toBe(false);
  });
});

describe("pictures", () => {
  test("of another host wait for a click, and say if they do not come", async () => {
    const shown = answered([{ type: "image", url: "https://pictures.invalid/a.png", alt: "a dot" }]);
    expect(shown.has("img")).toBe(false);
    const button = shown.button("Load image from pictures.invalid: a dot");
    button.focus();
    button.click();
    const image = shown.find<HTMLImageElement>("img");
    expect(image.src).toBe("https://pictures.invalid/a.png");
    expect(shown.focused).toBe(image);
    image.dispatchEvent(new Event("error"));
    expect(shown.find(".remote-image").textContent).toContain("could not be loaded");
  });

  test("whose bytes are here are shown, of a bounded size", () => {
    const pixel = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=";
    const shown = answered([
      { type: "image", url: pixel },
      { type: "text", text: `and ![b](${pixel})` },
    ]);
    expect(shown.root.querySelectorAll(".image > img").length).toBe(2);
    expect(getComputedStyle(shown.find("img")).maxHeight).toBe("544px");
  });

  test("that are huge wait, too", () => {
    const shown = answered([{ type: "image", url: `data:image/png;base64,${"A".repeat(9_000_000)}` }]);
    expect(shown.has("img")).toBe(false);
    expect(shown.find(".remote-image").textContent).toBe("Show image (9 MB)");
  });
});

describe("reasoning", () => {
  test("counts while it comes, stays closed, and is Markdown once it is opened", async () => {
    fakeTimers();
    view = new TestView();
    const shown = view.render();
    view.begin();
    view.append({ type: "reasoning-delta", text: "Some **thought**" });
    await drawn();
    expect(shown.find("summary").textContent).toBe("Thinking…");
    await vi.advanceTimersByTimeAsync(12_000);
    expect(shown.find("summary").textContent).toBe("Thinking… 12 s");
    expect(shown.has("details[open]")).toBe(false);
    expect(shown.has(".aside-text")).toBe(false);
    view.render();
    await drawn();
    shown.find("summary").click();
    await drawn();
    expect(shown.find(".aside-text strong").textContent).toBe("thought");
    view.append({ type: "reasoning-delta", text: " and _more_" });
    await drawn();
    expect(shown.find(".aside-text em").textContent).toBe("more");
  });

  test("says how long it took", () => {
    const shown = answered([{ type: "reasoning", text: "a", seconds: 125.4 }]);
    expect(shown.find("summary").textContent).toBe("Thought for 2 min 5 s");
  });
});
