/** Running code of an answer: after consent alone, in a new cell, and what came of it goes into the composer, not away. */
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Cell, Output } from "../../src/hosts/jupyter.ts";
import { loadExtras } from "../../src/views/lazy.tsx";
import type { Snapshot } from "../../src/wire/protocol.ts";
import { line, message, snapshot } from "../support/messages.ts";
import { drawn, fakeTimers, type Rendered, TestView } from "../support/view.ts";

const SLOT = Symbol.for("nbchat/runner");
const slots = globalThis as unknown as Record<symbol, unknown>;
const CODE = "```python\nx = 1\n\nprint(x)\n```";
const SHOWS: Output[] = [{ data: { "application/vnd.jupyter.widget-view+json": { model_id: "m" } } }];

let view: TestView;
let shows = 0;

afterEach(() => {
  view.end();
  vi.useRealTimers();
  delete slots[SLOT];
});

/** A notebook of which the second cell shows the view, and what runs its cells: `end` is how one ends. */
class Page {
  readonly cells: Cell[] = [{ id: "a" }, { id: "view", getOutputs: () => SHOWS }, { id: "z" }];
  readonly context = {
    model: {
      readOnly: false,
      sharedModel: {
        cells: this.cells,
        insertCell: (at: number, { source }: { source: string }) => {
          const cell: Cell = { id: `new ${this.cells.length}`, getSource: () => source };
          this.cells.splice(at, 0, cell);
          return cell;
        },
      },
    },
  };
  readonly run = vi.fn<(context: unknown, id: string) => Promise<boolean> | null>(
    () => new Promise((done) => (this.end = done)),
  );
  end = (_good: boolean) => {};

  constructor() {
    slots[SLOT] = { run: this.run };
  }

  get sources() {
    return this.cells.map((cell) => cell.getSource?.() ?? cell.id);
  }

  /** The cell that was run last put this out. */
  put(...outputs: Output[]): void {
    const id = this.run.mock.lastCall?.[1];
    const cell = this.cells.find((each) => each.id === id) as Cell;
    Object.assign(cell, { execution_count: 5, getOutputs: () => outputs });
  }
}

interface Given {
  text?: string;
  status?: "complete" | "streaming" | "stopped";
  kind?: string;
}

function show(page: Page | null, { text = CODE, status = "complete", kind = "thread" }: Given = {}): Rendered {
  const given = line(message("q", "user", "?"), message("a", "assistant", text, { status }));
  view = new TestView({
    kind,
    conversation: `c${shows++}`,
    snapshot: snapshot(given, { ended: status !== "streaming" }),
  });
  if (page) Object.assign(view.model, { widget_manager: { context: page.context } });
  view.model.values.comm_id = "m";
  return view.render();
}

/** Press Run, and once it is settled, that it shall be run. */
async function consent(shown: Rendered, at = 0): Promise<void> {
  shown.buttons("Run")[at]?.click();
  await drawn();
  await vi.advanceTimersByTimeAsync(600);
  shown.button("Run in a new cell below").click();
  await drawn();
}

const isOffered = (button: Element | undefined) => getComputedStyle(button as Element).display !== "none";

describe("Run", () => {
  test("is offered for Python of a whole answer, where the application runs cells", () => {
    const blocks = ["python", "py", "ipython3", "bash", "", "pycon"]
      .map((name) => `\`\`\`${name}\nx\n\`\`\``)
      .join("\n\n");
    expect(show(new Page(), { text: blocks }).buttons("Run").map(isOffered)).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
    view.end();
    expect(show(new Page(), { status: "streaming" }).buttons("Run").map(isOffered)).toEqual([false]);
    view.end();
    delete slots[SLOT];
    expect(show(null).buttons("Run").map(isOffered)).toEqual([false]);
    view.end();
    const page = new Page();
    page.context.model.readOnly = true;
    expect(show(page).buttons("Run").map(isOffered)).toEqual([false]);
    view.end();
    const bare = new Page();
    delete slots[SLOT];
    expect(show(bare).buttons("Run").map(isOffered)).toEqual([false]);
  });

  test("asks first, shows every line to its end, takes no hasty click, and can be left by Escape", async () => {
    fakeTimers();
    const page = new Page();
    await loadExtras();
    const shown = show(page, { text: `\`\`\`python\nx = 1${" ".repeat(500)}; y = 2\n\`\`\`` });
    const run = shown.button("Run");
    run.focus();
    run.click();
    await drawn();
    const box = shown.find(".run");
    expect(box.getAttribute("aria-label")).toBe("Run this code?");
    expect(shown.focused).toBe(box);
    expect(box.textContent).toContain("Run this line?");
    expect(getComputedStyle(shown.find(".code code")).whiteSpace).toBe("pre-wrap");
    shown.button("Run in a new cell below").click();
    await drawn();
    expect(page.run).not.toHaveBeenCalled();
    shown.key("Escape", {}, ".run");
    expect(shown.has(".run")).toBe(false);
    expect(shown.focused).toBe(run);
    expect(getComputedStyle(shown.find(".code code")).whiteSpace).toBe("pre");
    expect(page.sources).toEqual(["a", "view", "z"]);
  });

  test("puts exactly the code into a cell below, runs that, and puts what came of it into the composer", async () => {
    fakeTimers();
    const page = new Page();
    const shown = show(page);
    await consent(shown);
    expect(page.sources).toEqual(["a", "view", "x = 1\n\nprint(x)", "z"]);
    expect(page.run.mock.calls).toEqual([[page.context, "new 3"]]);
    expect(shown.find(".run").textContent).toBe("Running… To stop it, interrupt the kernel.");
    shown.button("Run").click(); // does not ask again
    expect(shown.has(".run .busy")).toBe(true);
    page.put({ output_type: "stream", text: "1\n" });
    page.end(true);
    await drawn();
    expect(shown.find(".run p").textContent).toBe("It ran as [5]. Output: ~1 tokens");
    const ask = shown.button("Ask about the output");
    expect(shown.focused).toBe(ask);
    expect(view.sent("send")).toEqual([]);
    ask.click();
    await vi.waitFor(() => expect(shown.find(".chip").textContent).toContain("output-5.txt"));
    await vi.waitFor(() => expect(shown.find(".chip small").textContent).toBe("2 B · ~1 tokens"));
    const box = shown.find<HTMLTextAreaElement>(".composer textarea");
    expect(box.value).toBe("This is the output of your code. ");
    expect(shown.focused).toBe(box);
    expect(shown.has(".run")).toBe(false);
    expect(view.sent("send")).toEqual([]);
    expect(shown.key("Enter", { repeat: true }).defaultPrevented).toBe(true); // held down since the button
    expect(view.sent("send")).toEqual([]);
    shown.key("Enter");
    expect(view.sent("send")).toMatchObject([
      { text: "This is the output of your code. ", attachments: [{ kind: "text", name: "output-5.txt", data: "1\n" }] },
    ]);
  });

  test("leaves what is typed as it is, names the block, and says that it failed", async () => {
    fakeTimers();
    const page = new Page();
    const shown = show(page, { text: `${CODE}\n\n${CODE.replace("1", "2")}` });
    await consent(shown, 1);
    page.put({ output_type: "error", traceback: ["\u001b[31mKeyError\u001b[39m"] });
    page.end(false);
    await drawn();
    expect(shown.find(".run p").textContent).toBe("It failed as [5]. Output: ~2 tokens");
    shown.button("Ask about the output").click();
    expect(shown.find<HTMLTextAreaElement>(".composer textarea").value).toBe("This is how code block 2 failed. ");
    await consent(shown, 1);
    page.put({ output_type: "stream", text: "2\n" });
    page.end(true);
    await drawn();
    shown.button("Ask about the output").click();
    expect(shown.find<HTMLTextAreaElement>(".composer textarea").value).toBe(
      "This is how code block 2 failed.\nThis is the output of code block 2. ",
    );
    await consent(shown); // the first block comes below the second one, which was run before
    expect(page.sources).toEqual(["a", "view", ...Array(2).fill("x = 2\n\nprint(x)"), "x = 1\n\nprint(x)", "z"]);
    shown.type("Why is it so slow?");
    page.put({ output_type: "stream", text: "1\n" });
    page.end(true);
    await drawn();
    shown.button("Ask about the output").click();
    expect(shown.find<HTMLTextAreaElement>(".composer textarea").value).toBe("Why is it so slow?");
    await vi.waitFor(() => expect(shown.root.querySelectorAll(".chip").length).toBe(3));
  });

  test("below a cell it is the thread around the answer that is asked", async () => {
    fakeTimers();
    const page = new Page();
    const shown = show(page, { kind: "turn" });
    await consent(shown);
    page.put({ output_type: "stream", text: "1\n" });
    page.end(true);
    await drawn();
    shown.button("Ask about the output").click();
    await drawn();
    view.model.deliver({
      op: "thread",
      state: { conversation: view.model.values.conversation as string, title: "analysis" },
    });
    view.model.deliver({
      op: "thread",
      message: { op: "snapshot", snapshot: { ...(view.model.values.snapshot as Snapshot), generation: 2 } },
    });
    await vi.waitFor(() => expect(shown.has(".chip")).toBe(true));
    const box = shown.find<HTMLTextAreaElement>(".composer textarea");
    expect(box.value).toBe("This is the output of your code. ");
    expect(shown.focused).toBe(box);
    expect(
      view.sent("thread").some((each) => "message" in each && (each.message as { op: string }).op === "send"),
    ).toBe(false);
  });

  test.each([
    ["x = '\u202e'", "U+202E"],
    ["x\u200b = 1", "U+200B"],
  ])("%j is shown as it is before it is run", async (code, name) => {
    fakeTimers();
    const shown = show(new Page(), { text: `\`\`\`py\n${code}\nprint('✔️')\n\`\`\`` });
    shown.button("Run").click();
    await drawn();
    expect(shown.find(".run .warn").textContent).toMatch(/cannot be seen/);
    expect(shown.find(".run .unseen").textContent).toBe(name);
  });

  test.each([
    ["print('✔️')", "complete" as const, 0],
    ["x = [1,", "stopped" as const, 1],
  ])("%j of an answer that is %s has %d warnings", async (code, status, warnings) => {
    fakeTimers();
    const shown = show(new Page(), { text: `\`\`\`py\n${code}`, status });
    shown.button("Run").click();
    await drawn();
    expect(shown.root.querySelectorAll(".run .warn").length).toBe(warnings);
  });

  test.each([
    ["It ran as [5] and put nothing out.", (page: Page) => page.put(), true],
    ["It began as [5] and did not come to its end.", (page: Page) => page.put(), false],
    ["It was not run: a cell before it failed, or the kernel has stopped.", () => {}, false],
    ["The cell was deleted.", (page: Page) => page.cells.splice(2, 1), true],
  ])("says: %s", async (said, meanwhile, good) => {
    fakeTimers();
    const page = new Page();
    const shown = show(page);
    await consent(shown);
    meanwhile(page);
    page.end(good);
    await drawn();
    expect(shown.find(".run p").textContent?.trim()).toBe(said);
    expect(shown.buttons("Ask about the output")).toEqual([]);
    await drawn();
    expect(shown.find(".said").textContent).toBe(said);
    shown.button("Close").click();
    expect(shown.has(".run")).toBe(false);
  });

  test("what a cell put out before its kernel began anew can be asked about", async () => {
    fakeTimers();
    const page = new Page();
    const shown = show(page);
    await consent(shown);
    page.put({ output_type: "stream", text: "1\n" });
    Object.assign(page.cells[2] as Cell, { execution_count: null });
    page.end(false);
    await drawn();
    expect(shown.find(".run p").textContent).toContain("It did not come to its end: the kernel has stopped.");
    shown.button("Ask about the output").click();
    await vi.waitFor(() => expect(shown.find(".chip-name").textContent).toBe("output.txt"));
  });

  test("says so where the notebook is closed by then", async () => {
    fakeTimers();
    const page = new Page();
    page.run.mockReturnValue(null);
    const shown = show(page);
    await consent(shown);
    expect(shown.find(".run p").textContent?.trim()).toBe("It could not be run: the notebook is closed.");
  });
});
