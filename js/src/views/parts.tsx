/** The parts of an answer: text as Markdown, reasoning and tools folded, pictures. */
import { useLayoutEffect, useRef } from "preact/hooks";
import { MarkdownStream } from "../markdown/stream.ts";
import { imageSource } from "../markdown/urls.ts";
import type { Store } from "../store.ts";
import type { ImagePart, Part, ReasoningPart, ToolCallPart, ToolResultPart } from "../wire/protocol.ts";
import { pure } from "./pure.ts";

/** Text that may still grow, shown as Markdown. */
export const Markdown = pure(function Markdown({ text, done }: { text: string; done: boolean }) {
  const root = useRef<HTMLDivElement>(null);
  const stream = useRef<MarkdownStream | null>(null);
  useLayoutEffect(() => {
    stream.current ??= new MarkdownStream(root.current as HTMLElement);
    stream.current.set(text, done);
  }, [text, done]);
  return <div class="markdown" ref={root} />;
});

interface PartProps {
  part: Part;
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
    case "tool-call":
      return <ToolCall part={part} fold={fold} store={store} />;
    case "tool-result":
      return <ToolResult part={part} fold={fold} store={store} />;
    case "image":
      return <Picture part={part} />;
  }
});

function Reasoning({ part, open, fold, store }: { part: ReasoningPart; open: boolean; fold: string; store: Store }) {
  const time = part.seconds === undefined ? "" : ` for ${Math.max(1, Math.round(part.seconds))} s`;
  return (
    <Fold title={open ? "Thinking…" : `Thought${time}`} busy={open} fold={fold} store={store}>
      <div class="aside-text">{part.text}</div>
    </Fold>
  );
}

function ToolCall({ part, fold, store }: { part: ToolCallPart; fold: string; store: Store }) {
  return (
    <Fold title={`Calls ${part.name || "a tool"}`} fold={fold} store={store}>
      <pre class="aside-code">{part.arguments}</pre>
    </Fold>
  );
}

function ToolResult({ part, fold, store }: { part: ToolResultPart; fold: string; store: Store }) {
  return (
    <Fold title={part.error ? "The tool failed" : "The tool's answer"} fold={fold} store={store}>
      <pre class="aside-code">{part.text}</pre>
    </Fold>
  );
}

interface FoldProps {
  title: string;
  fold: string;
  store: Store;
  busy?: boolean;
  children: preact.ComponentChildren;
}

/** A folded section that remembers, beyond the life of its view, whether it was opened. */
function Fold({ title, fold, store, busy, children }: FoldProps) {
  const toggled = (event: Event) => store.memory.set(fold, (event.currentTarget as HTMLDetailsElement).open);
  return (
    <details class={busy ? "aside busy" : "aside"} open={store.memory.get(fold) === true} onToggle={toggled}>
      <summary>{title}</summary>
      {children}
    </details>
  );
}

function Picture({ part }: { part: ImagePart }) {
  const source = imageSource(part.url);
  if (!source) return <p class="literal">{part.alt || "image"}</p>;
  if ("inline" in source) return <img class="picture" src={source.inline} alt={part.alt ?? ""} />;
  return <p class="literal">{`${part.alt || "image"} (${source.host})`}</p>;
}
