/** Scenes of money and of the model's context: what the next question costs, a budget that refuses, a conversation too long. */
import { line, snapshot } from "../support/messages.ts";
import { answer, model, question, type Scene } from "./stage.ts";
import { SHORT } from "./texts.ts";

const OUTLOOK = {
  tokens: 4_100,
  estimated: true,
  price: "~$0.0031",
  answer: "about 500",
  length: 131_072,
  kept: 0,
  first: null,
  omitted: 0,
};
const history = () => [
  question("q1", "What does `groupby` do, and when is it slow?"),
  answer("a1", SHORT),
  question("q2", "And how would I do that with two keys?"),
];
const failed = (kind: string, text: string, hint: string) =>
  answer("a2", "", { status: "error", error: { kind, text, hint }, usage: null, cost: null });

export const outlookScenes: Record<string, () => Scene> = {
  outlook: () => ({
    model: model("thread", { outlook: OUTLOOK, snapshot: snapshot(line(...history(), answer("a2", SHORT))) }),
  }),
  budget: () => ({
    model: model("thread", {
      status: "error",
      notice: {
        kind: "warning",
        text: "92 % of the conversation's budget is spent: $0.46 of $0.50.",
        hint: "Raise it: s.budget = ..., or nbchat.settings.budget_session for all conversations.",
      },
      outlook: { ...OUTLOOK, tokens: 41_000, price: "~$0.05" },
      snapshot: snapshot(
        line(
          ...history(),
          failed(
            "budget",
            "Not sent: it would cost ~$0.05 (about 41,000 tokens in, up to 1,000 out), and $0.04 is left of the conversation's budget of $0.50.",
            "Raise it: s.budget = ..., or nbchat.settings.budget_session for all conversations.",
          ),
        ),
      ),
    }),
  }),
  full: () => ({
    model: model("thread", {
      status: "error",
      outlook: { ...OUTLOOK, tokens: 8_420, length: 8_192 },
      snapshot: snapshot(
        line(
          ...history(),
          failed(
            "context_length",
            "The conversation is too long for the model: about 8,420 tokens would be sent, and it takes 7,192 beside its answer.",
            'Leave the oldest messages out (s.when_full = "drop"), begin another conversation, or choose a larger model.',
          ),
        ),
      ),
    }),
  }),
  dropped: () => ({
    model: model("thread", {
      outlook: { ...OUTLOOK, tokens: 6_700, estimated: false, length: 8_192, first: "q2", omitted: 2 },
      snapshot: snapshot(line(...history(), answer("a2", SHORT, { omitted: 2 }))),
    }),
  }),
};
