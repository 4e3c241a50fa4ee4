/** The parts of an answer: text as Markdown, reasoning folded, pictures; tool calls are cards (`tools`). */
import { useContext, useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { makePicture } from "../markdown/picture.ts";
import { MarkdownStream } from "../markdown/stream.ts";
import type { Store } from "../store.ts";
import type { ImagePart, Part, ReasoningPart, TextPart } from "../wire/messages.ts";
import { Fold } from "./fold.tsx";
import { drawLater, Later } from "./later.ts";
import { pure } from "./pure.ts";
import { LoneResult } from "./tools.tsx";

type Drawn = TextPart | ReasoningPart;

interface MarkdownProps {
  part: Drawn;
  done: boolean;
  store: Store;
}

/** Text that may still grow, shown as Markdown. */
export const Markdown = pure(function Markdown({ part, done, store }: MarkdownProps) {
  const root = useRef<HTMLDivElement>(null);
  const stream = useRef<MarkdownStream | null>(null);
  const shown = useRef<Drawn | null>(null);
  const later = useContext(Later);
  useLayoutEffect(() => {
    const node = root.current as HTMLElement;
    const draw = () => {
      if (node.classList.replace("undrawn", "drawn")) node.replaceChildren();
      stream.current ??= new MarkdownStream(node);
      const more = done ? undefined : store.growthOf(part);
      const last = shown.current;
      if (more && last?.text.length === more.from && (store.growthOf(last)?.of ?? last) === more.of)
        stream.current.append(more.text);
      else stream.current.set(part.text, done);
      shown.current = part;
    };
    if (!later || !done || stream.current) return draw();
    node.classList.add("undrawn");
    node.textContent = part.text;
    return drawLater(node, draw);
  }, [part, done, later, store]);
  return <div class={done ? "markdown" : "markdown growing"} ref={root} />;
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
      return <Markdown part={part} done={!open} store={store} />;
    case "reasoning":
      return <Reasoning part={part} open={open} fold={fold} store={store} />;
    case "tool-result":
      return <LoneResult part={part} fold={fold} store={store} />;
    case "image":
      return <Picture part={part} />;
    case "file":
      return <p class="literal">{part.name}</p>;
  }
});

function Reasoning({ part, open, fold, store }: { part: ReasoningPart; open: boolean; fold: string; store: Store }) {
  const passed = useSeconds(open, fold);
  const time = part.seconds === undefined ? "" : ` for ${duration(part.seconds)}`;
  const title = open ? `Thinking…${passed > 0 ? ` ${duration(passed)}` : ""}` : `Thought${time}`;
  return (
    <Fold title={title} look={open ? "thought busy" : "thought"} fold={fold} store={store}>
      {() => (
        <Later.Provider value={false}>
          <div class="aside-text">
            <Markdown part={part} done={!open} store={store} />
          </div>
        </Later.Provider>
      )}
    </Fold>
  );
}

/** When this page first saw a part that still grows, in milliseconds, by its fold's name: views of it come and go. */
const seen = new Map<string, number>();

/** Whole seconds that this page has seen a part grow; counts while it does. */
function useSeconds(open: boolean, fold: string): number {
  const [passed, setPassed] = useState(0);
  useEffect(() => {
    if (!open) return void seen.delete(fold);
    const since = seen.get(fold) ?? performance.now();
    seen.set(fold, since);
    const count = () => setPassed(Math.floor((performance.now() - since) / 1000));
    count();
    const timer = setInterval(count, 1000);
    return () => clearInterval(timer);
  }, [open, fold]);
  return passed;
}

/** "12 s", "2 min 5 s". */
function duration(seconds: number): string {
  const whole = Math.max(1, Math.round(seconds));
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min${whole % 60 ? ` ${whole % 60} s` : ""}`;
}

function Picture({ part }: { part: ImagePart }) {
  const root = useRef<HTMLParagraphElement>(null);
  useLayoutEffect(() => {
    root.current?.replaceChildren(makePicture(part.url, part.alt ?? ""));
  }, [part.url, part.alt]);
  return <p class="picture" ref={root} />;
}
