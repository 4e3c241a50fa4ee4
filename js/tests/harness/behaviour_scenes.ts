/** Scenes of how threads behave: what is new below, how an answer was made and ended. */
import { line, snapshot } from "../support/messages.ts";
import { answer, click, model, question, type Scene, scrollTo } from "./stage.ts";
import { ANSWER, SHORT } from "./texts.ts";

const made = {
  parameters: { temperature: 0.2, max_tokens: 800, top_k: null },
  first_token_seconds: 0.42,
  seconds: 6.66,
};

const conversation = () =>
  line(
    question("q1", "What does `groupby` do, and when is it slow?"),
    answer("a1", ANSWER, made),
    question("q2", "Thanks! And in one sentence?"),
    answer("a2", SHORT, made),
  );

export const behaviourScenes: Record<string, () => Scene> = {
  facts: () => ({
    model: model("thread", { snapshot: snapshot(conversation().slice(2)) }),
    after: () => click("How it was made"),
  }),
  limit: () => ({
    model: model("thread", {
      snapshot: snapshot(
        line(
          question("q1", "List all of them."),
          answer("a1", "- one\n- two\n- thr", { ...made, finish_reason: "length" }),
          question("q2", "And what may not be said?"),
          answer("a2", "That would be", { ...made, finish_reason: "content_filter" }),
        ),
      ),
    }),
  }),
  continued: () => ({
    model: model("turn", {
      snapshot: snapshot(
        line(question("q1", "?"), answer("a1", "- one\n- two\n- thr", { ...made, finish_reason: "length" })),
      ),
    }),
  }),
  unread: () => {
    const made = model("thread", { status: "streaming", snapshot: snapshot(conversation()) });
    return {
      model: made,
      after: () => {
        scrollTo(60);
        setTimeout(() => {
          const [q, a] = [question("q3", "More?"), answer("a3", "", { status: "streaming" })];
          const messages = [
            { ...q, parent: "a2" },
            { ...a, parent: "q3" },
          ];
          made.deliver({
            op: "append",
            generation: 2,
            after: 0,
            seq: 1,
            events: [{ type: "turn-start", turn: "t3", messages }],
          });
        }, 100);
      },
    };
  },
  caret: () => {
    const text = "Three steps:\n\n1. **Split** the rows by key\n2. *Apply* a function\n   - one call per gro";
    const open = answer("a1", text, { status: "streaming", usage: null, cost: null });
    const messages = line(question("q1", "What does groupby do?"), open);
    return {
      model: model("thread", { status: "streaming", snapshot: snapshot(messages, { ended: false, seq: 4 }) }),
    };
  },
};
