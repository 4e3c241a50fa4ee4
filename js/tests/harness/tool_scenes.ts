/** Scenes of tools: cards, results, and what is shown before one may run. */
import type { Message, Part } from "../../src/wire/messages.ts";
import { line, snapshot } from "../support/messages.ts";
import { answer, model, question, type Scene, shadow } from "./stage.ts";

const call = (id: string, name: string, args: string): Part => ({ type: "tool-call", id, name, arguments: args });
const result = (call_id: string, text: string, error = false): Part => ({
  type: "tool-result",
  call_id,
  text,
  ...(error ? { error } : {}),
});
const text = (written: string): Part => ({ type: "text", text: written });

const SALES = '{"table":"sales","by":["region","year"],"limit":10000000000000000001,"where":{"year":{"from":2019}}}';
/** What a model that was told to deceive might write: a turn of direction, and something that has no look. */
const HOSTILE =
  '{"command":"rm -rf ~/data \u202e# taht si ereht lla, \u2066safe\u2069","note":"\u200b\u200b\u200b<img src=x onerror=alert(1)>","path":"/home/me/\u00a0notes"}';

const finished: Part[] = [
  text("I look that up."),
  call("c1", "query_table", SALES),
  result("c1", "region  year  sales\nnorth   2019  48,000\nsouth   2019  31,000"),
  call("c2", "plot", '{"kind": "bar"}'),
  result("c2", "ModuleNotFoundError: No module named 'matplotlib'", true),
  text("The north sold **48,000** in 2019, the south 31,000. A chart could not be drawn here."),
];
const running: Part[] = [
  text("I look that up."),
  call("c1", "query_table", SALES),
  result("c1", "3 rows"),
  call("c2", "plot", '{"kind": "bar"}'),
];
const asking: Part[] = [text("I tidy up first."), call("c1", "run_shell", HOSTILE)];

const open = { status: "streaming", usage: null, cost: null } as const;
const asks = (parts: Part[], more: Partial<Message> = {}) =>
  line(question("q1", "How were the sales, by region?"), answer("a1", parts, more));

const approvals = [
  { call: "c1", tool: "run_shell", arguments: HOSTILE },
  { call: "c2", tool: "query_table", arguments: SALES },
];

function toolModel(kind: "thread" | "turn", parts: Part[], values: Record<string, unknown> = {}) {
  const streaming = { status: "streaming", snapshot: snapshot(asks(parts, open), { ended: false, seq: 4 }) };
  return model(kind, { ...streaming, ...values });
}

const unfold = () => {
  for (const summary of shadow()?.querySelectorAll("summary") ?? []) summary.click();
};

export const toolScenes: Record<string, () => Scene> = {
  tools: () => ({ model: model("thread", { snapshot: snapshot(asks(finished)) }) }),
  toolsopen: () => ({ model: model("thread", { snapshot: snapshot(asks(finished)) }), after: unfold }),
  toolsrunning: () => ({ model: toolModel("thread", running) }),
  approval: () => ({ model: toolModel("thread", asking, { approvals }) }),
  approvallong: () => {
    const long = [{ call: "c1", tool: "write_file", arguments: JSON.stringify({ text: "import os\n".repeat(200) }) }];
    return { model: toolModel("thread", asking, { approvals: long }) };
  },
  approvalturn: () => ({ model: toolModel("turn", asking, { approvals: approvals.slice(0, 1) }) }),
};
