/** What a question was sent with: shown with it, asked for when it is looked at, opened larger; and never fetched from elsewhere. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { registry } from "../../src/registry.ts";
import { loadExtras } from "../../src/views/lazy.tsx";
import type { FilePart, ImagePart, Part } from "../../src/wire/messages.ts";
import { line, message, snapshot } from "../support/messages.ts";
import { type Rendered, TestView } from "../support/view.ts";

const PNG =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=";
const LEFT: ImagePart = { type: "image", url: "", alt: "plot.png", width: 400, height: 200, left: 90_000 };
const FILE: FilePart = { type: "file", name: "data.csv", text: "a,b\n1,2\n" };

let view: TestView;
beforeEach(async () => {
  registry().shelves.clear();
  await loadExtras();
});
afterEach(() => {
  view.end();
  vi.useRealTimers();
});

function open(...parts: Part[]): Rendered {
  const asked = message("q1", "user", [...parts, { type: "text", text: "Why?" }]);
  view = new TestView({ snapshot: snapshot(line(asked, message("a1", "assistant", "So."))) });
  return view.render();
}

const dialog = (shown: Rendered) => shown.root.querySelector("dialog");

describe("what a question was sent with", () => {
  test("stands above it in its order, small pictures at once", async () => {
    const shown = open({ ...LEFT, url: PNG, left: 0 }, FILE);
    await vi.waitFor(() => expect(shown.find<HTMLImageElement>(".thumb img").naturalWidth).toBe(1));
    expect(shown.find(".attachments").textContent).toBe("Open data.csv 8 characters");
    expect(shown.find(".bubble").textContent).toBe("Why?");
    expect(view.sent("part")).toEqual([]);
  });

  test("a large picture keeps its place and is asked for once it can be seen", async () => {
    const shown = open(LEFT);
    const place = shown.find(".thumb").getBoundingClientRect();
    expect(Math.round((10 * place.width) / place.height)).toBe(20);
    await vi.waitFor(() => expect(view.sent("part")).toEqual([{ op: "part", message: "q1", part: 0 }]));
    const { left: _, ...whole } = { ...LEFT, url: PNG };
    view.model.deliver({ op: "part", message: "q1", part: 0, content: whole });
    await vi.waitFor(() => expect(shown.find<HTMLImageElement>(".thumb img").src).toBe(PNG));
    const after = shown.find(".thumb").getBoundingClientRect();
    expect([after.width, after.height]).toEqual([place.width, place.height]);
  });

  test("one that is out of sight is not asked for", async () => {
    const shown = open(LEFT);
    shown.host.style.display = "none";
    await new Promise((done) => setTimeout(done, 300));
    expect(view.sent("part")).toEqual([]);
    shown.host.style.display = "";
    await vi.waitFor(() => expect(view.sent("part").length).toBe(1));
  });

  test("an answer that was lost is asked for again, a few times", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    open(LEFT);
    await vi.waitFor(() => expect(view.sent("part").length).toBeGreaterThan(0));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(view.sent("part").length).toBe(4);
  });

  test("a remote picture is named and not fetched", () => {
    const shown = open({ type: "image", url: "https://pics.test/a.png", alt: "a plot" });
    expect(shown.find(".attachments").textContent).toBe("a plot (pics.test)");
    expect(shown.has("img")).toBe(false);
  });

  test("an address that is no picture is only its name", () => {
    const shown = open({ type: "image", url: "data:image/svg+xml;base64,AAAA", alt: "a drawing" });
    expect(shown.find(".attachments").textContent).toBe("a drawing");
    expect(shown.has("img")).toBe(false);
  });

  test("it stays in sight while the question gets other words", async () => {
    const shown = open(FILE);
    shown.button("Edit question").click();
    await vi.waitFor(() => expect(shown.has(".editor")).toBe(true));
    expect(shown.find(".attachments").textContent).toContain("data.csv");
  });
});

describe("opened", () => {
  test("a picture is a dialog of its own, and the focus comes back to where it was opened", async () => {
    const shown = open({ ...LEFT, url: PNG, left: 0 });
    const opener = shown.button("Open plot.png");
    opener.focus();
    opener.click();
    await vi.waitFor(() => expect(dialog(shown)?.open).toBe(true));
    expect(dialog(shown)?.getAttribute("aria-label")).toBe("plot.png");
    expect(dialog(shown)?.querySelector("img")?.alt).toBe("plot.png");
    shown.button("Close").click();
    await vi.waitFor(() => expect(dialog(shown)).toBeNull());
    expect(shown.focused).toBe(opener);
  });

  test("can be left out where the question is edited; Cancel leaves it, and a refusal brings back what was chosen", async () => {
    const shown = open({ ...LEFT, url: PNG, left: 0 }, FILE);
    expect(shown.buttons("Leave out data.csv")).toEqual([]);
    const edit = async () => {
      shown.button("Edit question").click();
      await vi.waitFor(() => expect(shown.has(".editor")).toBe(true));
    };
    await edit();
    shown.button("Leave out plot.png").focus();
    shown.button("Leave out plot.png").click();
    await vi.waitFor(() => expect(shown.has(".thumb")).toBe(false));
    expect(shown.focused).toBe(shown.button("Leave out data.csv"));
    shown.button("Cancel").click();
    await vi.waitFor(() => expect(shown.has(".thumb")).toBe(true));
    await edit();
    shown.button("Leave out data.csv").click();
    await vi.waitFor(() => expect(shown.has(".file")).toBe(false));
    expect(shown.has(".thumb")).toBe(true);
    shown.button("Save & send").click();
    expect(view.sent("edit")).toMatchObject([{ message: "q1", text: "Why?", without: [1] }]);
    await vi.waitFor(() => expect(shown.has(".file")).toBe(true));
    const [sent] = view.sent("edit") as { client_id: string }[];
    const error = { kind: "usage", text: "no", hint: "" };
    view.model.deliver({ op: "refused", client_id: sent?.client_id as string, error });
    await vi.waitFor(() => expect(shown.has(".editor")).toBe(true));
    expect(shown.has(".file")).toBe(false);
  });

  test("a file is asked for where only its name came, and shown as the text that it is", async () => {
    const shown = open({ ...FILE, text: "", left: 9_000 });
    expect(shown.find(".file small").textContent?.trim()).toBe("9k characters");
    expect(view.sent("part")).toEqual([]);
    shown.find(".file").click();
    await vi.waitFor(() => expect(view.sent("part")).toEqual([{ op: "part", message: "q1", part: 0 }]));
    expect(dialog(shown)?.textContent).toContain("Loading…");
    const hostile = { ...FILE, text: "<img src=x onerror=alert(1)>\na" };
    view.model.deliver({ op: "part", message: "q1", part: 0, content: hostile });
    await vi.waitFor(() => expect(dialog(shown)?.querySelector("pre")?.textContent).toBe(hostile.text));
    expect(dialog(shown)?.querySelector("img")).toBeNull();
    dialog(shown)?.dispatchEvent(new MouseEvent("click", { bubbles: true })); // beside it
    await vi.waitFor(() => expect(dialog(shown)).toBeNull());
  });
});
