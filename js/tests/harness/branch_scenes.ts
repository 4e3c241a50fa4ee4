/** Scenes of messages that are edited, asked for again, hidden, deleted, cut off and waiting. */
import type { Message } from "../../src/wire/messages.ts";
import { line, snapshot } from "../support/messages.ts";
import { answer, click, cost, model, modelList, question, type Scene, shadow } from "./stage.ts";
import { SHORT } from "./texts.ts";

const made = {
  parameters: { temperature: 0.2, max_tokens: 800 },
  first_token_seconds: 0.42,
  seconds: 6.66,
};

function branched(): Message[] {
  return line(
    question("q1", "What does `groupby` do, and when is it slow?", { siblings: ["q0", "q1", "q3"] }),
    answer("a1", SHORT, { ...made, siblings: ["a1", "a9"] }),
    question("q2", "Thanks! And in one sentence?"),
    answer("a2", SHORT, { ...made, siblings: ["a0", "a2"] }),
  );
}

const thread = (messages: Message[], values: Record<string, unknown> = {}) =>
  model("thread", { snapshot: snapshot(messages), ...values });

const stopped = { status: "stopped", finish_reason: null } as const;
const network = {
  kind: "network",
  text: "The server of “openrouter” cannot be reached.",
  hint: "Look whether this machine is connected, then retry.",
};

export const branchScenes: Record<string, () => Scene> = {
  branches: () => ({
    model: thread(branched()),
    after: () => shadow()?.querySelector<HTMLElement>(".message.user .action")?.focus(),
  }),
  editing: () => {
    const made = thread(branched());
    return { model: made, after: () => click("Edit question") };
  },
  editinganswer: () => ({ model: thread(branched()), after: () => click("Edit answer") }),
  hidden: () => {
    const [q1, a1, q2, a2] = branched() as [Message, Message, Message, Message];
    const hand = {
      ...a2,
      model: null,
      usage: null,
      cost: null,
      parameters: undefined as never,
      seconds: undefined as never,
    };
    return { model: thread([{ ...q1, hidden: true }, { ...a1, hidden: true }, q2, hand]) };
  },
  retry: () => ({
    model: thread(
      line(
        question("q1", "Hello?"),
        answer("a1", "", { status: "error", error: network, usage: null, cost: null, finish_reason: null }),
      ),
      { status: "error" },
    ),
  }),
  cut: () => ({
    model: thread(
      line(
        question("q1", "Hello?"),
        answer("a1", SHORT.slice(0, 90), {
          status: "interrupted",
          error: {
            kind: "interrupted",
            text: "The connection was cut after 90 characters.",
            hint: "What arrived is kept.",
          },
          finish_reason: null,
          cost: { ...cost, text: "–" },
        }),
      ),
      { status: "error" },
    ),
  }),
  resume: () => ({
    model: thread(line(question("q1", "Tell me more"), answer("a1", SHORT.slice(0, 90), { ...made, ...stopped }))),
  }),
  continue: () => ({
    model: thread(line(question("q1", "Tell me all"), answer("a1", SHORT, { ...made, finish_reason: "length" }))),
  }),
  asked: () => {
    const all = thread(line(question("q1", "Tell me more"), answer("a1", SHORT.slice(0, 90), { ...made, ...stopped })));
    return { model: all, after: () => click("Resume") };
  },
  queueedit: () => {
    const messages = line(
      question("q1", "First question"),
      answer("a1", "The first answer is on its w", { status: "streaming", usage: null, cost: null }),
    );
    const queue = [
      { turn: "t2", text: "Second question, which waits." },
      { turn: "t3", text: "And a third one\nwith two lines." },
    ];
    const waiting = model("thread", {
      status: "streaming",
      queue,
      snapshot: snapshot(messages, { ended: false, seq: 3 }),
    });
    return { model: waiting, after: () => click("Edit queued question") };
  },
  undo: () => {
    const all = thread(branched());
    return { model: all, after: () => all.deliver({ op: "deleted", messages: ["a2"] }) };
  },
  private: () => ({ model: thread(branched().slice(0, 2), { private: true, title: "a secret" }) }),
  title: () => ({
    model: thread(branched().slice(0, 2)),
    after: () => shadow()?.querySelector<HTMLElement>(".title-button")?.click(),
  }),
  turnstopped: () => ({
    model: model("turn", {
      snapshot: snapshot(line(question("q1", "?"), answer("a1", SHORT.slice(0, 90), { ...made, ...stopped }))),
    }),
  }),
  turnerror: () => ({
    model: model("turn", {
      status: "error",
      snapshot: snapshot(
        line(
          question("q1", "?"),
          answer("a1", "", { status: "error", error: network, usage: null, cost: null, finish_reason: null }),
        ),
      ),
    }),
  }),
  again: () => {
    const all = thread(branched());
    const ids = ["openrouter/qwen/qwen3-32b", "openrouter/mistral/small", "demo/parrot"];
    const named = ids.map((id) => ({ id, name: id.slice(id.lastIndexOf("/") + 1), context_length: 32768 }));
    all.answers.models = modelList(named);
    return { model: all, after: () => click("Regenerate with another model") };
  },
};
