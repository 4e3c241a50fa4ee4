/** Attaching in a page whose kernel does not answer before anything that reads files is there. */
import { expect, test, vi } from "vitest";
import { registry } from "../../src/registry.ts";
import { choose, text } from "../support/files.ts";
import { message, snapshot } from "../support/messages.ts";
import { TestView } from "../support/view.ts";

test("it is said, the box goes on to work, and a question still names what it was sent with", async () => {
  const { loads } = registry();
  const known = loads.get("extras") as Promise<unknown>;
  loads.set("extras", Promise.reject(new Error("nobody")));
  const parts = [
    { type: "file" as const, name: "data.csv", text: "", left: 9_000 },
    { type: "image" as const, url: "", alt: "plot.png", left: 9_000 },
    { type: "text" as const, text: "Why?" },
  ];
  const view = new TestView({ snapshot: snapshot([message("q1", "user", parts)]) });
  const shown = view.render();
  expect(shown.find(".attachments").textContent).toBe("data.csvplot.png");
  choose(shown, text("a.txt", "a"));
  await vi.waitFor(() => expect(shown.find(".composer .missing").textContent).toContain("needs the kernel"));
  shown.type("And?");
  await vi.waitFor(() => expect(shown.button("Send").disabled).toBe(false));
  await new Promise(requestAnimationFrame);
  shown.key("Enter");
  expect(view.sent("send")).toMatchObject([{ text: "And?" }]);
  loads.set("extras", known); // it answers again
  choose(shown, text("a.txt", "a"));
  await vi.waitFor(() => expect(shown.find(".chip").textContent).toContain("1 B"));
  expect(shown.has(".composer .missing")).toBe(false);
  view.end();
});
