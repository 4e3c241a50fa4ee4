/** The parts of an answer: text as Markdown, reasoning folded, pictures; tool calls are cards (`tools`). */
import { useContext, useLayoutEffect, useRef } from "preact/hooks";
import { MarkdownStream } from "../markdown/stream.ts";
import { imageSource } from "../markdown/urls.ts";
import type { Store } from "../store.ts";
import type { ImagePart, Part, ReasoningPart } from "../wire/protocol.ts";
import { Fold } from "./fold.tsx";
import { drawLater, Later } from "./later.ts";
import { pure } from "./pure.ts";
import { LoneResult } from "./tools.tsx";

/** Text that may still grow, shown as Markdown. */
export const Markdown = pure(function Markdown({ text, done }: { text: string; done: boolean }) {
  const root = useRef<HTMLDivElement>(null);
  const stream = useRef<MarkdownStream | null>(null);
  const later = useContext(Later);
  useLayoutEffect(() => {
    const node = root.current as HTMLElement;
    const draw = () => {
      if (node.classList.replace("undrawn", "drawn")) node.replaceChildren();
      stream.current ??= new MarkdownStream(node);
      stream.current.set(text, done);
    };
    if (!later || !done || stream.current) return draw();
    node.classList.add("undrawn");
    node.textContent = text;
    return drawLater(node, draw);
  }, [text, done, later]);
  return <div class="markdown" ref={root} />;
});

interface PartProps {
  part: Exclude<Part, { type: "tool-call" }>;
  /** Whether this part is the one that still grows. */
  open: boolean;
  fold: string;
  store: Store;
}

export const PartView = pure(function PartView({ part, open, fold, store }: PartProps) {
  switch (part.type) {
    case "text":
      return <Markdown text={part.text} done={!open} />;
    case "reasoning":
      return <Reasoning part={part} open={open} fold={fold} store={store} />;
    case "tool-result":
      return <LoneResult part={part} fold={fold} store={store} />;
    case "image":
      return <Picture part={part} />;
  }
});

function Reasoning({ part, open, fold, store }: { part: ReasoningPart; open: boolean; fold: string; store: Store }) {
  const time = part.seconds === undefined ? "" : ` for ${Math.max(1, Math.round(part.seconds))} s`;
  return (
    <Fold title={open ? "Thinking…" : `Thought${time}`} look={open ? "busy" : ""} fold={fold} store={store}>
      <div class="aside-text">{part.text}</div>
    </Fold>
  );
}

function Picture({ part }: { part: ImagePart }) {
  const source = imageSource(part.url);
  if (!source) return <p class="literal">{part.alt || "image"}</p>;
  if ("inline" in source) return <img class="picture" src={source.inline} alt={part.alt ?? ""} />;
  return <p class="literal">{`${part.alt || "image"} (${source.host})`}</p>;
}
