/** Scenes of the header and what opens from it: where the money went, the menu, the drawer, and what is said of the kernel. */
import type { Breakdown, ConversationInfo } from "../../src/wire/calls.ts";
import type { Usage } from "../../src/wire/messages.ts";
import { line, snapshot } from "../support/messages.ts";
import type { FakeModel } from "../support/model.ts";
import { answer, model, question, type Scene, shadow, usage } from "./stage.ts";
import { ANSWER } from "./texts.ts";

const OUTLOOK = {
  tokens: 41_200,
  estimated: true,
  price: "~$0.0031",
  answer: "about 500",
  length: 131_072,
  kept: 8_192,
  first: null,
  omitted: 0,
};

function made(values: Record<string, unknown> = {}): FakeModel {
  const messages = line(question("q1", "What does `groupby` do, and when is it slow?"), answer("a1", ANSWER));
  const all = { conversation: "c1", title: "When groupby is slow", outlook: OUTLOOK, snapshot: snapshot(messages) };
  return model("thread", { ...all, ...values });
}

const used: Usage = {
  ...usage,
  input_tokens: 184_310,
  cached_tokens: 120_000,
  output_tokens: 20_410,
  reasoning_tokens: 9_800,
};
const share = (name: string, requests: number, cost: string, failed = 0) => ({
  name,
  requests,
  failed,
  usage: used,
  cost,
  certainty: "partial" as const,
});
export const breakdown: Breakdown = {
  all: share("", 14, "≥$0.42", 1),
  models: [
    share("openrouter/qwen/qwen3-32b", 9, "~$0.31"),
    share("openrouter/anthropic/claude-sonnet-4.5", 5, "≥$0.11", 1),
  ],
  purposes: [share("answer", 10, "≥$0.39", 1), share("tool-round", 3, "$0.03"), share("title", 1, "<$0.0001")],
  context: {
    ...OUTLOOK,
    omitted: 12,
    parts: [
      { name: "system", tokens: 1_900 },
      { name: "tools", tokens: 2_400 },
      { name: "messages", tokens: 33_900 },
      { name: "images", tokens: 3_000 },
    ],
  },
};

const now = Date.now() / 1000;
const row = (id: string, title: string, ago: number, more: Partial<ConversationInfo> = {}): ConversationInfo => ({
  id,
  title,
  name: id,
  updated: now - ago,
  messages: 4,
  cost: "$0.02",
  ...more,
});
const rows = [
  row("p1", "Salaries of the team", 20, { private: true, cost: "~$0.0012" }),
  row("c1", "When groupby is slow", 300),
  row("c2", "Plot a choropleth of unemployment by county with a legend that can be read", 4_000, {
    running: true,
    cost: "~$0.11",
  }),
  row("c3", "analysis 3", 90_000, { messages: 1, cost: "–" }),
  row("c4", "Regular expressions for dates", 900_000, { messages: 38, cost: "€0.40 + $0.12" }),
  row("c5", "Walrus operator", 30_000_000, {
    snippet: "… the walrus operator := assigns inside of an expression, and so saves a line where …",
  }),
];

function withDrawer(values: Record<string, unknown> = {}): FakeModel {
  const all = made(values);
  all.answers.conversations = ({ archived }) => ({
    conversations: archived ? [row("c9", "An old idea", 5_000_000, { archived: true })] : rows,
    more: false,
    shown: "c1",
  });
  return all;
}

const press = (selector: string) => shadow()?.querySelector<HTMLElement>(selector)?.click();

/** Click as soon as it is there: what is opened on demand comes over the wire. */
function pressLater(selector: string, then = () => {}): void {
  if (!shadow()?.querySelector(selector)) setTimeout(() => pressLater(selector, then), 20);
  else {
    press(selector);
    then();
  }
}

function openDrawer(then = () => {}): void {
  press(".more .action");
  pressLater(".items .row", then);
}

/** Have what is opened on demand here. */
function loadExtras(): void {
  press(".more .action");
  pressLater(".items", () => press(".more .action"));
}

/** What JupyterLab says of its kernel. */
function hosted(all: FakeModel, status: string, connection = "connected"): FakeModel {
  const signal = { connect: () => {}, disconnect: () => {} };
  const kernel = { status, connectionStatus: connection, statusChanged: signal, connectionStatusChanged: signal };
  return Object.assign(all, { widget_manager: { kernel } });
}

export const headerScenes: Record<string, () => Scene> = {
  header: () => ({
    model: made({ title: "A title that somebody made much too long for any header that there is, and then some" }),
  }),
  breakdown: () => {
    const all = made({ cost: "≥$0.42" });
    all.answers.breakdown = breakdown;
    return { model: all, after: () => press(".totals") };
  },
  more: () => ({ model: made(), after: () => press(".more .action") }),
  drawer: () => ({ model: withDrawer(), after: () => openDrawer() }),
  drawerempty: () => {
    const all = withDrawer({ title: "analysis", outlook: null, usage: null, cost: "", snapshot: snapshot() });
    return { model: all, after: () => openDrawer() };
  },
  archive: () => ({
    model: withDrawer(),
    after: () => openDrawer(() => pressLater(".conversation", () => press(".drawer-foot"))),
  }),
  kernelbusy: () => ({ model: hosted(made(), "busy"), after: loadExtras, passed: true }),
  offline: () => ({ model: hosted(made(), "unknown", "connecting"), after: loadExtras }),
  ended: () => ({ model: hosted(made({ private: true }), "dead"), after: loadExtras }),
  nearlyfull: () => ({ model: made({ outlook: { ...OUTLOOK, tokens: 110_000 }, private: true }) }),
};
