/** The thread's header: where money and tokens went, what the menu does, where else the conversation is, and how the kernel is. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { loadExtras } from "../../src/views/lazy.tsx";
import type { Breakdown } from "../../src/wire/calls.ts";
import type { Usage } from "../../src/wire/messages.ts";
import { line, message, snapshot } from "../support/messages.ts";
import { drawn, fakeTimers, type Rendered, TestView } from "../support/view.ts";

const views: TestView[] = [];
beforeEach(async () => {
  await loadExtras();
  fakeTimers();
});
afterEach(() => {
  for (const view of views.splice(0)) view.end();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function made(values: Record<string, unknown> = {}): TestView {
  const messages = line(message("q", "user", "Why?"), message("a", "assistant", "Because."));
  const view = new TestView({ conversation: "c1", snapshot: snapshot(messages), ...values });
  views.push(view);
  return view;
}

async function settled(): Promise<void> {
  await vi.advanceTimersByTimeAsync(200);
  await drawn();
}

async function press(key: string, shown: Rendered): Promise<void> {
  shown.focused?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  await settled();
}

const usage: Usage = {
  input_tokens: 1200,
  cached_tokens: 200,
  cache_write_tokens: null,
  output_tokens: 80,
  reasoning_tokens: 0,
  certainty: "reported",
};
const outlook = {
  tokens: 300,
  estimated: true,
  price: null,
  answer: "about 500",
  length: 1100,
  kept: 100,
  first: null,
  omitted: 2,
};
const share = (name: string, requests: number, cost: string, failed = 0) =>
  ({ name, requests, failed, usage, cost, certainty: "partial" }) as const;
const BREAKDOWN: Breakdown = {
  all: share("", 3, "≥$0.12", 1),
  models: [share("lab/tiny", 3, "≥$0.12", 1)],
  purposes: [share("answer", 2, "≥$0.11", 1), share("title", 1, "<$0.0001")],
  context: {
    ...outlook,
    parts: [
      { name: "system", tokens: 100 },
      { name: "messages", tokens: 200 },
    ],
  },
};

describe("money and context", () => {
  test("stand in one button, which says both in words", async () => {
    const shown = made({ usage, cost: "≥$0.12", outlook }).render();
    expect(shown.find(".totals").textContent).toBe("≥$0.12");
    expect(shown.find(".totals").getAttribute("aria-label")).toBe(
      "Cost of the whole conversation: ≥$0.12. Context: ~300 of 1,000 tokens, ~30 %. Details",
    );
  });

  test("are not there where nothing was asked and nothing is known", () => {
    expect(made({ usage: null, cost: "–", outlook: null }).render().has(".ring")).toBe(false);
    const none = { ...usage, input_tokens: 0, output_tokens: 0 };
    expect(made({ usage: none, cost: "$0.00", outlook: null }).render().has(".totals")).toBe(false);
  });

  test("are taken apart: tokens, models, purposes, how certain; and what the context holds", async () => {
    const view = made({ usage, cost: "≥$0.12", outlook });
    view.model.answers.breakdown = BREAKDOWN;
    const shown = view.render();
    shown.find(".totals").click();
    await settled();
    const figures = [...shown.root.querySelectorAll(".figures div")].map((each) =>
      [...each.children].map((child) => child.textContent?.trim()),
    );
    expect(figures).toEqual([
      ["Tokens in", "1,200"],
      ["from the cache", "200"],
      ["Tokens out", "80"],
      ["lab/tiny 3 requests, 1 failed", "≥$0.12"],
      ["Answers 2 requests, 1 failed", "≥$0.11"],
      ["Titles 1 request", "<$0.0001"],
      ["System prompt", "~100"],
      ["Messages", "~200"],
      ["Kept for the answer", "100"],
      ["Free", "~700"],
    ]);
    expect(shown.find(".panel").textContent).toContain("≥ A part is not known: at least this much.");
    expect(shown.find(".panel").textContent).toContain("2 older messages are not sent");
    await press("Escape", shown);
    expect(shown.has(".panel")).toBe(false);
    expect(shown.focused?.classList.contains("totals")).toBe(true);
  });

  test("are asked for again when an answer has come", async () => {
    const view = made({ usage, cost: "$0.12", outlook });
    view.model.answers.breakdown = BREAKDOWN;
    const shown = view.render();
    shown.find(".totals").click();
    await settled();
    view.model.set("usage", { ...usage, output_tokens: 90 });
    await settled();
    expect(view.sent("breakdown").length).toBe(2);
  });
});

describe("the menu", () => {
  async function opened(view: TestView): Promise<Rendered> {
    const shown = view.render();
    shown.button("More").click();
    await settled();
    return shown;
  }
  const entries = (shown: Rendered) =>
    [...shown.root.querySelectorAll("[role=menuitem]")].map((each) => each.firstChild?.textContent);

  test("is a menu: its first entry has the focus, arrows and letters move it, Tab and Escape close it", async () => {
    const shown = await opened(made());
    expect(entries(shown)).toEqual(["Conversations…", "New conversation", "Markdown", "Web page", "Notebook", "JSON"]);
    expect(shown.focused?.textContent).toContain("Conversations…");
    await press("End", shown);
    expect(shown.focused?.textContent).toContain("JSON");
    await press("w", shown);
    expect(shown.focused?.textContent).toContain("Web page");
    await press("ArrowUp", shown);
    expect(shown.focused?.textContent).toBe("Markdown this branch, to read");
    expect(shown.root.querySelectorAll(".menu-head").length).toBe(1);
    expect(shown.find("[role=group]:last-child").getAttribute("aria-label")).toBe("Download as");
    await press("Escape", shown);
    expect(shown.has("[role=menu]")).toBe(false);
    expect(shown.focused?.getAttribute("aria-label")).toBe("More");
    await press("ArrowDown", shown);
    expect(shown.has("[role=menu]")).toBe(true);
  });

  test("downloads an export that came in pieces, under the kernel's name", async () => {
    const view = made();
    const parts = ["# Sh", "ips\n"];
    view.model.answers.export = ({ piece }) => ({
      of: "e1",
      name: "Ships.md",
      text: parts[piece] as string,
      piece,
      pieces: 2,
    });
    const shown = await opened(view);
    const clicked: [string, Blob][] = [];
    let blob = new Blob();
    vi.spyOn(URL, "createObjectURL").mockImplementation((made) => {
      blob = made as Blob;
      return "blob:x";
    });
    vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
      clicked.push([this.download, blob]);
    });
    shown.find<HTMLElement>("[role=group]:last-child .row").click();
    await drawn();
    expect(shown.find(".undo").textContent).toBe("Exporting as Markdown… 50 %");
    await vi.advanceTimersByTimeAsync(300);
    await drawn();
    expect(view.sent("export")).toMatchObject([{ piece: 0 }, { piece: 1, of: "e1" }]);
    const [[name, file]] = clicked as [[string, Blob]];
    expect([name, file.type, await file.text()]).toEqual(["Ships.md", "text/markdown;charset=utf-8", "# Ships\n"]);
    expect(shown.find(".undo").textContent).toBe("Downloaded: Ships.md");
    await vi.advanceTimersByTimeAsync(11_000);
    await drawn();
    expect(shown.has(".undo")).toBe(false);
  });

  test("has the kernel save it where a page downloads nothing", async () => {
    document.body.classList.add("vscode-dark");
    try {
      const view = made();
      view.model.answers.export = { path: "/home/ada/Ships.md" };
      const shown = await opened(view);
      expect(shown.find("[role=group]:last-child").getAttribute("aria-label")).toBe("Save beside the notebook as");
      shown.find<HTMLElement>("[role=group]:last-child .row").click();
      await settled();
      expect(view.sent("export")).toMatchObject([{ form: "md", save: true }]);
      expect(shown.find(".undo").textContent).toBe("Saved on the kernel's machine: /home/ada/Ships.md");
    } finally {
      document.body.classList.remove("vscode-dark");
    }
  });
});

describe("other kernels", () => {
  test("are named in few words where they have to do with the turn", async () => {
    const view = made({ kernels: { producer: "analysis", watchers: 0 } });
    const shown = view.render();
    await settled();
    expect(shown.find(".kernels").textContent?.trim()).toBe("answered by the kernel of analysis");
    for (const [watchers, words] of [
      [1, "also followed in 1 other kernel"],
      [2, "also followed in 2 other kernels"],
    ] as const) {
      view.model.set("kernels", { producer: "", watchers });
      await settled();
      expect(shown.find(".kernels").textContent?.trim()).toBe(words);
    }
    view.model.set("kernels", null);
    await settled();
    expect(shown.has(".kernels")).toBe(false);
  });
});

describe("where else it is open", () => {
  test("is said in every thread, and leads there", async () => {
    const view = made();
    const [first, second] = [view.render(), made().render()];
    made({ kind: "turn" }).render();
    made({ conversation: "c2" }).render();
    await settled();
    expect([first, second].map((each) => each.find(".also").textContent)).toEqual(
      Array(2).fill("also open in 1 view and 1 cell"),
    );
    first.find<HTMLElement>(".also").click();
    await settled();
    const entries = [...first.root.querySelectorAll<HTMLElement>("[role=menuitem]")];
    expect(entries.map((each) => each.textContent)).toEqual(["A thread on this page", "Cell: Why?"]);
    entries[0]?.click();
    await settled();
    expect(second.focused?.className).toContain("log");
    views[0]?.end();
    await settled();
    expect(second.find(".also").textContent).toBe("also open in 1 cell");
  });
});

describe("the kernel", () => {
  class Told {
    private readonly slots = new Set<() => void>();
    connect = (slot: () => void) => this.slots.add(slot);
    disconnect = (slot: () => void) => this.slots.delete(slot);
    tell(): void {
      for (const slot of [...this.slots]) slot();
    }
  }
  const kernel = {
    status: "idle",
    connectionStatus: "connected",
    statusChanged: new Told(),
    connectionStatusChanged: new Told(),
  };
  const become = async (status: string, connectionStatus = "connected") => {
    Object.assign(kernel, { status, connectionStatus });
    kernel.statusChanged.tell();
    kernel.connectionStatusChanged.tell();
    await settled();
  };
  async function hosted(values: Record<string, unknown> = {}): Promise<Rendered> {
    Object.assign(kernel, { status: "idle", connectionStatus: "connected" });
    const view = made(values);
    Object.assign(view.model, { widget_manager: { kernel } });
    const shown = view.render();
    await settled();
    return shown;
  }
  const said = (shown: Rendered) => (shown.has(".kernel-line") ? shown.find(".kernel-line").textContent : "");

  test("that runs a cell for long is a dot, since answers go on", async () => {
    const shown = await hosted();
    await become("busy");
    expect(shown.has(".busy-dot")).toBe(false);
    await vi.advanceTimersByTimeAsync(2_000);
    await drawn();
    expect(shown.find(".busy-dot").getAttribute("aria-label")).toContain("answers go on");
    expect(said(shown)).toBe("");
    await become("idle");
    expect(shown.has(".busy-dot")).toBe(false);
  });

  test("that lets a question wait says for what", async () => {
    const shown = await hosted();
    await become("busy");
    shown.type("Why?");
    await drawn();
    shown.key("Enter");
    await vi.advanceTimersByTimeAsync(2_200);
    await drawn();
    expect(said(shown)).toBe("The kernel is busy. What you asked waits until the cell ends.");
  });

  test("that cannot be reached is told by the host, before anything is asked", async () => {
    const shown = await hosted();
    await become("unknown", "connecting");
    expect(said(shown)).toContain("Not connected to the kernel.");
    await become("idle");
    expect(said(shown)).toBe("");
  });

  test.each([
    ["dead", "has ended or was restarted"],
    ["autorestarting", "The kernel restarts."],
  ])("that is %s is over for this view, for good", async (status, words) => {
    const shown = await hosted();
    await become(status);
    expect(said(shown)).toContain(words);
    expect(shown.find(".kernel-line").textContent).toContain("Run the cell above again");
    await become("idle");
    expect(said(shown)).toContain("has ended or was restarted");
    expect(shown.has(".notice")).toBe(false);
  });

  test("takes a private conversation along: nothing promises to keep it", async () => {
    const shown = await hosted({ private: true });
    await become("dead");
    expect(said(shown)?.trim()).toBe("The kernel that answered here has ended or was restarted.");
  });
});
