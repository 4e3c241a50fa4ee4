/** The link to a kernel: when nbchat is there, when not, when it comes; nothing is run to find out. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Comm, Kernel, Message } from "../../src/labextension/host.ts";
import { Link } from "../../src/labextension/link.ts";

class FakeSignal<Args> {
  readonly slots = new Set<(sender: Kernel, args: Args) => void>();
  connect(slot: (sender: Kernel, args: Args) => void) {
    return !!this.slots.add(slot);
  }
  disconnect(slot: (sender: Kernel, args: Args) => void) {
    return this.slots.delete(slot);
  }
  emit(args: Args) {
    for (const slot of [...this.slots]) slot(kernel, args);
  }
}

class FakeComm implements Comm {
  onMsg = (_: Message) => {};
  onClose = (_: Message) => {};
  isDisposed = false;
  opened = false;
  readonly sent: unknown[] = [];
  open() {
    this.opened = true;
  }
  send(data: unknown) {
    this.sent.push(data);
  }
  close() {
    this.isDisposed = true;
  }
  say(content: unknown) {
    this.onMsg({
      header: { msg_type: "comm_msg" },
      parent_header: {},
      content: { data: { method: "custom", content } },
    });
  }
  refuse() {
    this.onClose({ header: { msg_type: "comm_close" }, parent_header: {}, content: {} });
  }
}

class FakeKernel implements Kernel {
  id = "k1";
  language = "python";
  readonly statusChanged = new FakeSignal<string>();
  readonly iopubMessage = new FakeSignal<Message>();
  readonly comms: FakeComm[] = [];
  get info() {
    return Promise.resolve({ language_info: { name: this.language } });
  }
  createComm(target: string) {
    expect(target).toBe("nbchat.panel");
    this.comms.push(new FakeComm());
    return this.comm;
  }
  get comm() {
    return this.comms.at(-1) as FakeComm;
  }
  /** A cell begins; returns how it ends. */
  begin(code: string, request = "r1") {
    const say = (msg_type: string, content: Record<string, unknown>, msg_id = request) =>
      this.iopubMessage.emit({ header: { msg_type }, parent_header: { msg_id }, content });
    say("status", { execution_state: "busy" });
    say("execute_input", { code });
    say("status", { execution_state: "idle" }, "a comm on a subshell");
    return () => say("status", { execution_state: "idle" });
  }
  run(code: string) {
    this.begin(code)();
  }
}

const ROW = { name: "a", title: "A", status: "idle", cost: "", own: true, live: true };
let kernel: FakeKernel;
let link: Link;
const changed = vi.fn();

beforeEach(() => {
  vi.useFakeTimers();
  kernel = new FakeKernel();
  link = new Link(kernel, changed);
  changed.mockClear();
});
afterEach(() => {
  link.dispose();
  vi.useRealTimers();
});

async function connected(): Promise<void> {
  void link.connect();
  await vi.advanceTimersByTimeAsync(0);
  kernel.comm.say({ op: "sessions", sessions: [ROW] });
}

test("nothing is asked of a kernel before somebody looks", () => {
  kernel.run("import nbchat");
  expect(kernel.comms).toEqual([]);
});

test("the list comes when nbchat is there", async () => {
  await connected();
  expect(link.state).toBe("open");
  expect(link.rows).toEqual([ROW]);
  await link.connect();
  expect(kernel.comms.length).toBe(1);
});

test("a kernel without nbchat is asked again only when a cell that speaks of it has ended", async () => {
  const asked = link.connect();
  await vi.advanceTimersByTimeAsync(0);
  kernel.comm.refuse();
  await asked;
  expect(link.state).toBe("absent");
  kernel.run("x = 1");
  await vi.advanceTimersByTimeAsync(0);
  expect(kernel.comms.length).toBe(1);
  kernel.run("%load_ext nbchat");
  await vi.advanceTimersByTimeAsync(0);
  expect(kernel.comms.length).toBe(2);
});

test("a cell that loads nbchat while it is asked for is not missed", async () => {
  void link.connect();
  await vi.advanceTimersByTimeAsync(0);
  kernel.run("%load_ext nbchat"); // has ended before the refusal arrives
  kernel.comm.refuse();
  await vi.advanceTimersByTimeAsync(0);
  expect(kernel.comms.length).toBe(2);
  kernel.comm.refuse();
  await vi.advanceTimersByTimeAsync(0);
  expect(kernel.comms.length).toBe(2);
});

test("what ends in the middle of such a cell is not its end", async () => {
  void link.connect();
  await vi.advanceTimersByTimeAsync(0);
  kernel.comm.refuse();
  const end = kernel.begin("%load_ext nbchat");
  await vi.advanceTimersByTimeAsync(0);
  expect(kernel.comms.length).toBe(1);
  end();
  await vi.advanceTimersByTimeAsync(0);
  expect(kernel.comms.length).toBe(2);
});

test("a kernel that says nothing is busy, until it speaks", async () => {
  const asked = link.connect();
  await vi.advanceTimersByTimeAsync(1_100);
  await asked;
  expect(link.state).toBe("busy");
  kernel.comm.say({ op: "sessions", sessions: [ROW] });
  expect(link.state).toBe("open");
});

test("another language has no nbchat", async () => {
  kernel.language = "R";
  await link.connect();
  expect(link.state).toBe("foreign");
  expect(kernel.comms).toEqual([]);
});

test("a conversation is opened by its name, and shown when its model is known", async () => {
  await connected();
  link.open("a");
  expect(kernel.comm.sent).toEqual([{ op: "open", name: "a" }]);
  expect(link.shown).toEqual({ name: "a", model: null });
  kernel.comm.say({ op: "view", name: "a", model_id: "m1" });
  expect(link.shown).toEqual({ name: "a", model: "m1" });
  link.open(null);
  expect(kernel.comm.sent.at(-1)).toEqual({ op: "new" });
  kernel.comm.say({ op: "error", error: { kind: "storage", text: "The disk is full.", hint: "Make room." } });
  expect(link.error).toBe("The disk is full. Make room.");
  expect(link.shown).toBe(null);
});

test("a kernel that begins anew knows nothing of what was", async () => {
  await connected();
  link.open("a");
  kernel.statusChanged.emit("restarting");
  expect(link).toMatchObject({ state: "absent", shown: null, rows: [] });
  kernel.comms[0]?.say({ op: "view", name: "a", model_id: "m1" });
  expect(link.shown).toBe(null);
});

test("a link that is given up closes its comm and hears nothing more", async () => {
  await connected();
  changed.mockClear();
  link.dispose();
  expect(kernel.comm.isDisposed).toBe(true);
  kernel.run("nbchat");
  expect(changed).not.toHaveBeenCalled();
});
