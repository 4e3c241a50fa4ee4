/** What the views look like in the states that matter: each scene is a model, and what happens to it. For eyes, not asserts. */
import { line, snapshot } from "../support/messages.ts";
import { behaviourScenes } from "./behaviour_scenes.ts";
import { branchScenes } from "./branch_scenes.ts";
import { composerScenes } from "./composer_scenes.ts";
import { contentScenes } from "./content_scenes.ts";
import { headerScenes } from "./header_scenes.ts";
import { outlookScenes } from "./outlook_scenes.ts";
import { answer, cost, model, modelList, question, type Scene, scrollTo, shadow } from "./stage.ts";
import { stateScenes } from "./state_scenes.ts";
import { ANSWER, SHORT } from "./texts.ts";
import { toolScenes } from "./tool_scenes.ts";

function conversation() {
  return line(
    question("q1", "What does `groupby` do, and when is it slow?"),
    answer("a1", ANSWER),
    question("q2", "Thanks! And in one sentence?"),
    answer("a2", SHORT),
  );
}

const basics: Record<string, () => Scene> = {
  thread: () => ({
    model: model("thread", { snapshot: snapshot(conversation(), { continues: "continues “analysis” (12 messages)" }) }),
  }),
  top: () => {
    const all = model("thread", {
      snapshot: snapshot(line(question("q1", "Show me everything that you can."), answer("a1", ANSWER)), {
        more: true,
      }),
    });
    return { model: all, after: () => scrollTo(0) };
  },
  turn: () => ({ model: model("turn", { snapshot: snapshot(line(question("q1", "?"), answer("a1", ANSWER))) }) }),
  streaming: () => {
    const [q1, a1, q2] = conversation();
    const open = answer(
      "a2",
      [
        { type: "reasoning", text: "The person wants one sentence." },
        {
          type: "text",
          text: 'It splits the rows by key, applies a function to each group, and\n\n```python\nimport pandas as pd\n\nframe = pd.read_csv("sales.csv")  # 2 million rows\nframe.groupby("reg',
        },
      ] as never,
      { status: "streaming", usage: null, cost: null },
    );
    const messages = line(q1 as never, a1 as never, q2 as never, open);
    return { model: model("thread", { status: "streaming", snapshot: snapshot(messages, { ended: false, seq: 4 }) }) };
  },
  waiting: () => {
    const messages = line(
      question("q1", "Are you there?"),
      answer("a1", "", { status: "streaming", usage: null, cost: null }),
    );
    const made = model("thread", { status: "submitted", snapshot: snapshot(messages, { ended: false, seq: 1 }) });
    return {
      model: made,
      after: () =>
        made.deliver({
          op: "append",
          generation: 1,
          after: 1,
          seq: 2,
          events: [{ type: "retry", attempt: 2, delay: 4, reason: "The server is overloaded (529)." }],
        }),
    };
  },
  loading: () => {
    const messages = line(
      question("q1", "Are you there?"),
      answer("a1", "", { status: "streaming", usage: null, cost: null }),
    );
    const engine = { state: "loading", text: "Loading the model", progress: 0.4 };
    const made = model("thread", {
      status: "submitted",
      engine,
      snapshot: snapshot(messages, { ended: false, seq: 1 }),
    });
    return { model: made };
  },
  models: () => {
    const made = model("thread", { snapshot: snapshot(conversation()), engine: { state: "ready", text: "" } });
    const local = { context_length: 32768, can: ["tools", "vision"] };
    const models = [
      {
        ...local,
        id: "ollama/qwen2.5-coder:7b",
        name: "Qwen2.5 Coder 7B",
        about: "4.7 GB; loaded, 5.1 GB",
        recent: true,
      },
      {
        id: "openrouter/qwen/qwen3-32b",
        name: "Qwen: Qwen3 32B",
        context_length: 40960,
        price: ["$0.1", "$0.3"] as const,
        can: ["reasoning", "structured output", "tools"],
        recent: true,
      },
      { ...local, id: "ollama/llama3.2:latest", name: "Llama3.2", about: "2.0 GB; downloaded" },
    ];
    made.answers.models = modelList(models, 10_001);
    return { model: made, after: () => shadow()?.querySelector<HTMLElement>(".model")?.click() };
  },
  queue: () => {
    const messages = line(
      question("q1", "First question"),
      answer("a1", "The first answer is on its w", { status: "streaming", usage: null, cost: null }),
    );
    const queue = [
      { turn: "t2", text: "Second question, which waits." },
      { turn: "t3", text: "And a third one\nwith two lines." },
    ];
    return {
      model: model("thread", { status: "streaming", queue, snapshot: snapshot(messages, { ended: false, seq: 3 }) }),
    };
  },
  error: () => {
    const error = {
      kind: "auth",
      text: "The provider “openrouter” refused the key (401).",
      hint: "Check OPENROUTER_API_KEY, or add the provider again with another key.",
    };
    const cut = {
      kind: "interrupted",
      text: "The connection was cut after 212 characters.",
      hint: "What arrived is kept. Ask again to continue.",
    };
    const messages = line(
      question("q1", "Hello?"),
      answer("a1", "", { status: "error", error, usage: null, cost: null, finish_reason: null }),
      question("q2", "And now?"),
      answer("a2", "A partial answer that was going to be much longer, but then", {
        status: "interrupted",
        error: cut,
        finish_reason: null,
        usage: null,
        cost: { ...cost, text: "–" },
      }),
      question("q3", "Stop it"),
      answer("a3", "This one was stopped by ha", { status: "stopped", finish_reason: null }),
    );
    const notice = {
      kind: "error",
      text: "The database cannot be written: the disk is full.",
      hint: "The chat goes on in memory and is lost with the kernel.",
    };
    return { model: model("thread", { status: "error", notice, snapshot: snapshot(messages) }) };
  },
  offers: () => ({
    model: model("thread", {
      title: "quickstart",
      model: "demo/parrot",
      usage: null,
      cost: "–",
      notice: {
        kind: "info",
        text: "The demo model answers: it is a script, not a language model.",
        hint: "Choose a provider below, or add one with nbchat.add_provider(...).",
      },
      offers: [
        { id: "openai", text: "Use OpenAI", detail: "key found in OPENAI_API_KEY" },
        { id: "ollama", text: "Use the server on port 11434", detail: "Ollama, on this machine" },
      ],
      snapshot: snapshot(),
    }),
  }),
  empty: () => ({ model: model("thread", { title: "notes", usage: null, cost: "–", snapshot: snapshot() }) }),
  menu: () => {
    const made = model("thread", { snapshot: snapshot(conversation().slice(2)) });
    const models = [
      {
        id: "openrouter/qwen/qwen3-32b",
        name: "Qwen3 32B",
        context_length: 131072,
        price: ["$0.1", "$0.3"] as const,
      },
      {
        id: "openrouter/mistral/small",
        name: "Mistral Small",
        context_length: 32768,
        price: ["$0.05", "$0.08"] as const,
      },
      { id: "demo/parrot", name: "Demo parrot", context_length: null },
    ];
    made.answers.models = modelList(models);
    return { model: made, after: () => shadow()?.querySelector<HTMLElement>(".model")?.click() };
  },
  long: () => {
    const many = Array.from({ length: 60 }, (_, n) => [
      question(`q${n}`, `Question number ${n + 1}`),
      answer(`a${n}`, n % 7 ? SHORT : ANSWER),
    ]).flat();
    return {
      model: model("thread", { snapshot: snapshot(line(...many), { more: true }) }),
      scroll: 900,
    };
  },
  queuedturn: () => ({
    model: model("turn", {
      status: "streaming",
      queue: [
        { turn: "t1", text: "one" },
        { turn: "t2", text: "two" },
      ],
      snapshot: snapshot([], { turn: "t2" }),
    }),
  }),
  streamingturn: () => {
    const messages = line(
      question("q1", "?"),
      answer("a1", SHORT.slice(0, 60), { status: "streaming", usage: null, cost: null }),
    );
    return { model: model("turn", { status: "streaming", snapshot: snapshot(messages, { ended: false, seq: 2 }) }) };
  },
};

export const scenes: Record<string, () => Scene> = {
  ...basics,
  ...behaviourScenes,
  ...branchScenes,
  ...toolScenes,
  ...outlookScenes,
  ...contentScenes,
  ...composerScenes,
  ...headerScenes,
  ...stateScenes,
};
