/** A turn's view that unfolds into the thread of its conversation, and folds back. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { registry } from "../../src/registry.ts";
import { crc32 } from "../../src/wire/crc32.ts";
import type { Incoming, Outgoing, Snapshot } from "../../src/wire/protocol.ts";
import { snapshot } from "../support/messages.ts";
import { frames, many, near, topOf } from "../support/scrolling.ts";
import { type Rendered, TestView } from "../support/view.ts";

let view: TestView;
afterEach(() => view.end());

const all = many(6);

/** What was said in the thread. */
function said(op: string): Outgoing[] {
  return view.model.sent.flatMap((each) => (each.op === "thread" && each.message.op === op ? [each.message] : []));
}

function tell(message: Incoming): void {
  view.model.deliver({ op: "thread", message });
}

/** The view of the fourth turn, folded. */
function show(more: Record<string, unknown> = {}): Rendered {
  const own = snapshot(all.slice(6, 8), { turn: "t4" });
  view = new TestView({ kind: "turn", conversation: "c1", snapshot: own, ...more });
  return view.render();
}

async function unfold(shown: Rendered, messages = all, more: Partial<Snapshot> = {}): Promise<void> {
  shown.button("Show the conversation").click();
  await vi.waitFor(() => expect(said("hello")).toMatchObject([{ generation: 0, have: 0 }]));
  view.model.deliver({ op: "thread", state: { conversation: "c1", title: "analysis", status: "idle" } });
  tell({ op: "snapshot", snapshot: snapshot(messages, { generation: 2, ...more }) });
  await vi.waitFor(() => expect(shown.has(".thread")).toBe(true));
  await frames();
}

describe("a turn's view that unfolds", () => {
  test("shows the thread around its turn, and the turn alone when it is folded", async () => {
    const shown = show();
    shown.button("Show the conversation").focus();
    await unfold(shown);
    expect(shown.root.querySelectorAll("article").length).toBe(12);
    expect(shown.find("h2").textContent).toBe("analysis");
    const log = shown.find(".log");
    await vi.waitFor(() => near(topOf(log, shown.root.querySelectorAll("article")[6] as Element), 14));
    expect(shown.focused).toBe(shown.button("Show this answer alone"));
    shown.button("Show this answer alone").click();
    await vi.waitFor(() => expect(shown.has(".thread")).toBe(false));
    expect(shown.root.querySelectorAll("article").length).toBe(1);
    expect(view.sent("fold").length).toBe(1);
    expect(shown.focused).toBe(shown.find(".turn"));
  });

  test("pages in what is older than its turn needs", async () => {
    const shown = show();
    await unfold(shown, all.slice(9), { more: true });
    await vi.waitFor(() => expect(said("page")).toEqual([{ op: "page", before: "a4" }]));
    tell({ op: "page", messages: all.slice(0, 9), more: false, before: "a4" });
    await vi.waitFor(() => expect(shown.root.querySelectorAll("article").length).toBe(12));
    await vi.waitFor(() => near(topOf(shown.find(".log"), shown.root.querySelectorAll("article")[6] as Element), 14));
  });

  test("asks, streams and refuses there; the saved state stays the turn's", async () => {
    const shown = show();
    const saved = view.model.values.snapshot;
    await unfold(shown);
    shown.type("And now?");
    await vi.waitFor(() => expect(shown.button("Send").disabled).toBe(false));
    shown.key("Enter");
    expect(said("send")).toMatchObject([{ op: "send", text: "And now?" }]);
    const [q, a] = many(7).slice(12);
    const turn = { type: "turn-start" as const, turn: "t7", messages: [q, { ...a, parts: [], status: "streaming" }] };
    const append = (after: number, ...events: never[]) =>
      tell({ op: "append", generation: 3, after, seq: after + 1, events });
    append(0, turn as never);
    append(1, { type: "text-delta", text: "Then." } as never);
    await vi.waitFor(() => expect(shown.find("article:last-of-type .markdown").textContent).toBe("Then."));
    append(2, { type: "turn-end", turn: "t7", message: { ...a, parts: [] }, checksum: crc32("Then.") } as never);
    await vi.waitFor(() => expect(shown.has("article.streaming")).toBe(false));
    await new Promise((done) => setTimeout(done, 100));
    expect(view.model.values.snapshot).toBe(saved);
  });

  test("stays unfolded when its cell is moved, and keeps its place and its draft", async () => {
    const shown = show();
    await unfold(shown);
    shown.type("half a quest");
    shown.find(".log").scrollTop = 0;
    await frames();
    shown.end();
    const again = view.render();
    await frames();
    expect(again.find<HTMLTextAreaElement>(".composer textarea").value).toBe("half a quest");
    expect(again.find(".log").scrollTop).toBe(0);
    expect(said("hello").length).toBe(1);
  });

  test("opens anew when the kernel has closed it for another page", async () => {
    const shown = show();
    await unfold(shown);
    view.model.deliver({ op: "thread" });
    await vi.waitFor(() => expect(said("hello").length).toBe(2));
    tell({ op: "snapshot", snapshot: snapshot(all, { generation: 2 }) });
    await vi.waitFor(() => expect(shown.has(".thread")).toBe(true));
    view.controller.abort();
    await vi.waitFor(() => expect(shown.has(".thread")).toBe(false));
  });

  test("unfolds once, however often it is asked to while the kernel is busy", async () => {
    const { stores } = registry();
    const before = stores.size;
    const shown = show();
    const button = shown.button("Show the conversation");
    for (let n = 0; n < 3; n++) button.click();
    await vi.waitFor(() => expect(said("hello").length).toBe(3)); // any of them may get lost
    expect(stores.size).toBe(before + 2); // the turn's and the thread's
    tell({ op: "snapshot", snapshot: snapshot(all, { generation: 2 }) });
    await vi.waitFor(() => expect(shown.has(".thread")).toBe(true));
    view.end();
    expect(stores.size).toBe(before);
  });

  test("stops on the control channel as the thread that it is", async () => {
    const sent: { content: unknown }[] = [];
    const shown = show({ comm_id: "c1" });
    const kernel = { clientId: "me", sendControlMessage: (message: { content: unknown }) => void sent.push(message) };
    Object.assign(view.model, { widget_manager: { kernel } });
    const messages = [...all.slice(0, -1), { ...all.at(-1), status: "streaming" }] as typeof all;
    await unfold(shown, messages, { ended: false, turn: "t6", seq: 3 });
    shown.button("Stop").click();
    const stop = { op: "thread", message: { op: "stop", turn: "t6" } };
    expect(sent.map((each) => each.content)).toEqual([{ comm_id: "c1", data: { method: "custom", content: stop } }]);
    expect(view.sent("thread")).toContainEqual(stop);
  });
});
