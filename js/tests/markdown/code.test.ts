/// <reference types="vite/types/importMeta.d.ts" />
/** Code blocks: coloured the same however they came, plain until their language is here, and then once from the first line. */
import { describe, expect, test, vi } from "vitest";
import { languages } from "../../src/highlight/more/languages.ts";
import { CodeBlock } from "../../src/markdown/codeblock.ts";
import { Pace } from "../../src/markdown/pace.ts";
import { MarkdownStream } from "../../src/markdown/stream.ts";
import { registry } from "../../src/registry.ts";
import { loadExtras } from "../../src/views/lazy.tsx";
import { growth } from "../support/cost.ts";

function block(language: string, text: string): CodeBlock {
  const made = new CodeBlock();
  made.setLanguage(language);
  made.setText(text);
  return made;
}

describe("a language that is not here yet", () => {
  const text = Array.from({ length: 400 }, (_, n) =>
    n === 0 ? "/* a" : n === 399 ? "end */ let x = 'c';" : "fn main() {}",
  ).join("\n");
  let arrive: (module: unknown) => void = () => {};
  registry().loads.set("extras", new Promise((resolve) => (arrive = resolve as typeof arrive)));

  test("is asked for again by the next block, if nobody sent it", async () => {
    const sent = registry().loads.get("extras") as Promise<unknown>;
    registry().loads.set("extras", Promise.reject(new Error("no kernel")));
    const first = block("go", "func");
    await new Promise((done) => setTimeout(done));
    registry().loads.set("extras", Promise.resolve({ languages: { go: languages.go } }));
    block("go", "func");
    await vi.waitFor(() => expect(first.root.querySelector(".t-keyword")?.textContent).toBe("func"));
    registry().loads.set("extras", sent);
  });

  test("colours what waits also when it comes for another reason", async () => {
    const sent = registry().loads.get("extras") as Promise<unknown>;
    registry().loads.set("extras", Promise.reject(new Error("no kernel")));
    const first = block("kotlin", "fun");
    await new Promise((done) => setTimeout(done));
    const { kotlin } = languages;
    registry().loads.set("extras", Promise.resolve({ languages: { kotlin }, styles: "" }));
    await loadExtras();
    expect(first.root.querySelector(".t-keyword")?.textContent).toBe("fun");
    registry().loads.set("extras", sent);
  });

  test("is plain, then coloured from the first line, once, in slices", async () => {
    const late = block("rust", text);
    const root = document.createElement("div");
    const stream = new MarkdownStream(root, new Pace());
    stream.append("```rust\nfn main() {\n");
    expect(late.root.querySelector("[class^=t-]")).toBeNull();
    const first = late.root.querySelector(".line");
    arrive({ languages });
    await vi.waitFor(() => expect(root.querySelector(".t-keyword")?.textContent).toBe("fn"));
    await vi.waitFor(() =>
      expect(late.root.querySelectorAll(".line").item(399).querySelector(".t-keyword")).not.toBeNull(),
    );
    expect(late.root.querySelector(".line")).toBe(first);
    expect(late.root.querySelectorAll(".line").item(200).querySelector(".t-comment")).not.toBeNull();
    expect(late.root.querySelector("code")?.innerHTML).toBe(block("rust", text).root.querySelector("code")?.innerHTML);
    stream.append("    let a = 1;\n}\n```\n");
    stream.end();
    expect(root.querySelectorAll(".t-keyword").length).toBe(2);
  });

  test("nobody waits for one that is unknown", () => {
    expect(block("brainfuck", "+++").root.querySelector("[class^=t-]")).toBeNull();
  });
});

describe("streamed", () => {
  const files = import.meta.glob<string>("../highlight/golden/*.txt", {
    query: "?raw",
    import: "default",
    eager: true,
  });
  const samples = Object.entries(files).map(
    ([path, text]) => [/(\w+)\.txt$/.exec(path)?.[1] ?? "", text.replace(/«([^¦]*)¦\w+»/g, "$1")] as const,
  );

  test.each(samples)("%s by 1 and 7 characters is the same as at once", (language, text) => {
    const html = (size: number) => {
      const root = document.createElement("div");
      const stream = new MarkdownStream(root, new Pace());
      const source = `~~~~~${language}\n${text}~~~~~\n`;
      for (let at = 0; at < source.length; at += size) stream.append(source.slice(at, at + size));
      stream.end();
      return root.innerHTML;
    };
    const whole = html(1e6);
    expect(whole).toContain("t-");
    for (const size of [1, 7]) expect(html(size)).toBe(whole);
  });
});

test("blocks of 32 kB in the commonest languages grow in linear time", async () => {
  const grow = (lines: number) => {
    for (const language of ["python", "bash", "javascript", "json"]) {
      const stream = new MarkdownStream(document.createElement("div"), new Pace());
      stream.append(`\`\`\`${language}\n`);
      for (let n = 0; n < lines; n++)
        for (const piece of ["x = f(", `"a", ${n}`, ") # b c d e f\n"]) stream.append(piece);
    }
  };
  expect(await growth(grow, 400)).toBeLessThan(2);
});
