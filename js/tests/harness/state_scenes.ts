/** A kernel that is gone, and a turn's view that has unfolded into its thread. */
import { line, snapshot } from "../support/messages.ts";
import { answer, click, model, question, type Scene, shadow } from "./stage.ts";
import { SHORT } from "./texts.ts";

function conversation() {
  return line(
    question("q1", "What does `groupby` do?"),
    answer("a1", SHORT),
    question("q2", "And in one word?"),
    answer("a2", "Splitting."),
  );
}

export const stateScenes: Record<string, () => Scene> = {
  lost: () => {
    const made = model("thread", { snapshot: snapshot(conversation()) });
    return {
      model: made,
      after: () => {
        made.onSend = () => {
          throw new Error("the comm is closed");
        };
        const box = shadow()?.querySelector<HTMLTextAreaElement>(".composer textarea");
        if (!box) return;
        box.value = "Is anybody there?";
        box.dispatchEvent(new InputEvent("input", { bubbles: true }));
        setTimeout(() => click("Send"), 50);
      },
    };
  },
  unfolded: () => {
    const made = model("turn", { conversation: "c1", snapshot: snapshot(conversation().slice(2), { turn: "t2" }) });
    made.onSend = (sent) => {
      if (sent.op !== "thread" || sent.message.op !== "hello") return;
      const state = { ...made.values, conversation: "c1", title: "analysis" };
      setTimeout(() => {
        made.deliver({ op: "thread", state });
        made.deliver({
          op: "thread",
          message: { op: "snapshot", snapshot: snapshot(conversation(), { generation: 2 }) },
        });
      });
    };
    return { model: made, after: () => click("Show the conversation") };
  },
};
