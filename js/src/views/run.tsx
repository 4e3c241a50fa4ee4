/**
 * Running code of an answer: below the block it is asked whether to, said how it went, and offered to ask about what came of it.
 *
 * A model wrote the code, which may have been told to deceive: while it is asked, all of every line is in sight, and what cannot be
 * seen is written out. Nothing runs without that consent, and nothing is sent without another press: what a cell put out goes into
 * the composer, as files like any others. From extras.js.
 */
import { render } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { withFiles } from "../attach/draft.ts";
import { textTokens } from "../attach/tokens.ts";
import { whereBelow } from "../hosts/insert.ts";
import { notebookOf } from "../hosts/jupyter.ts";
import { filesOf } from "../hosts/outputs.ts";
import { type Ran, runBelow } from "../hosts/run.ts";
import type { CodeBlock } from "../markdown/codeblock.ts";
import { element } from "../markdown/dom.ts";
import type { Store } from "../store.ts";
import { MOST } from "../texts.ts";
import { showFor } from "./copy.ts";
import { Exact, pieces } from "./exact.tsx";
import { focusOf, keepFocus } from "./focus.ts";
import { formatCount } from "./format.ts";
import { CloseIcon } from "./icons.tsx";
import { compose } from "./outside.ts";
import { say } from "./say.ts";
import { innerOf } from "./unfold.ts";
import { unfold } from "./unfolded.tsx";

/** For so long after it was asked no click counts as consent. Milliseconds. */
const SETTLE = 500;
/** A sign that makes the one before it a picture. */
const AS_PICTURE = /(?<=\p{Extended_Pictographic})\ufe0f/gu;

/** Ask below a block whether to run it. */
export function askToRun(button: HTMLElement, block: CodeBlock, host: HTMLElement, store: Store): void {
  const { root, text } = block;
  const place = { host, id: store.model.get("comm_id") };
  const manager = store.model.widget_manager;
  const notebook = notebookOf(manager);
  const open = root.querySelector<HTMLElement>(".run");
  if (!notebook || open?.dataset.at === "running") {
    if (open) open.focus();
    else showFor(button, "Not possible");
    return;
  }
  open?.parentElement?.remove();
  const box = element("div");
  root.append(box);
  const { blocks, number, cut } = standing(root);
  const close = () => {
    const focused = box.contains(focusOf(box));
    render(null, box);
    box.remove();
    root.classList.remove("asked");
    if (focused) button.focus({ preventScroll: true });
  };
  const run = () => {
    root.classList.remove("asked");
    const focused = focusOf(box) as HTMLElement | null;
    focused?.blur(); // the notebook takes it to its cell where it is in the notebook
    const done = runBelow(manager, place, text);
    focused?.focus({ preventScroll: true });
    return done;
  };
  const attach = (ran: Ran) => {
    const which = blocks > 1 ? `code block ${number}` : "your code";
    const said = ran.failed ? `This is how ${which} failed.` : `This is the output of ${which}.`;
    keepFocus(box);
    close();
    toComposer(host, store, said, filesOf(ran, ran.name));
  };
  root.classList.add("asked");
  const below = whereBelow(notebook, place).where === "below";
  render(<RunBox code={text} below={below} cut={cut} run={run} attach={attach} close={close} />, box);
}

/** Which of an answer's blocks this is, and whether the answer broke off in it. */
function standing(root: HTMLElement) {
  const answer = root.closest(".message");
  const all = [...(answer?.querySelectorAll(".code") ?? [])];
  const number = all.indexOf(root) + 1;
  const cut = number === all.length && answer?.matches(".stopped, .interrupted, .error") === true;
  return { blocks: all.length, number, cut };
}

/** Nothing but what is said here: the outputs of more than one block go along. */
const OURS = /^(?:This is (?:the output of|how) (?:your code|code block \d+)(?: failed)?\.\s*)+$/;

/** The question with a sentence about the output, unless somebody has written another; one may write on behind it. */
function worded(before: string, said: string): string {
  if (!before.trim()) return `${said} `;
  return OURS.test(before) ? `${before.trim()}\n${said} ` : before;
}

/** Put files and a sentence into the composer, and go there; below a cell, into that of the thread around it. */
function toComposer(host: HTMLElement, store: Store, said: string, files: File[]): void {
  const box = host.shadowRoot?.querySelector<HTMLTextAreaElement>(".composer textarea");
  if (!box) unfold(store, true);
  const shown = innerOf(store).value ?? store;
  void withFiles(shown, (list) => void list.add(files));
  if (!box) {
    shown.memory.set("draft", worded((shown.memory.get("draft") as string | undefined) ?? "", said));
    return;
  }
  const text = worded(box.value, said);
  box.value = "";
  compose(host, text);
  box.setSelectionRange(text.length, text.length);
}

interface Props {
  code: string;
  /** The new cell comes right below this one. */
  below: boolean;
  cut: boolean;
  run: () => Promise<Ran | null>;
  attach: (ran: Ran) => void;
  close: () => void;
}

function RunBox({ code, below, cut, run, attach, close }: Props) {
  const root = useRef<HTMLDivElement>(null);
  const [state, setState] = useState<"asked" | "running" | Ran | null>("asked");
  const ended = typeof state !== "string";
  useLayoutEffect(() => {
    if (state === "asked") root.current?.focus();
    else if (ended && focusOf(root.current) === root.current) root.current?.querySelector("button")?.focus();
  }, [state, ended]);
  const start = async () => {
    root.current?.focus({ preventScroll: true }); // the buttons go
    setState("running");
    const ran = await run();
    setState(ran);
    if (root.current) say(root.current, outcome(ran));
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would be a form's
    <div
      class="run"
      role="group"
      aria-label={ended ? "The run of this code" : "Run this code?"}
      tabIndex={-1}
      ref={root}
      data-at={ended ? "ended" : state}
      onKeyDown={(event) => {
        if (event.key === "Escape" && state !== "running") close();
      }}
    >
      {state === "asked" ? (
        <Consent code={code} below={below} cut={cut} start={start} close={close} />
      ) : state === "running" ? (
        <p class="busy">Running… To stop it, interrupt the kernel.</p>
      ) : (
        <Outcome ran={state} attach={attach} close={close} />
      )}
    </div>
  );
}

type ConsentProps = Pick<Props, "code" | "below" | "cut" | "close"> & { start: () => void };

function Consent({ code, below, cut, start, close }: ConsentProps) {
  const [settled, setSettled] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(true), SETTLE);
    return () => clearTimeout(timer);
  }, []);
  const hides = pieces(code.replace(AS_PICTURE, "")).length > 1;
  const lines = code.split("\n").length;
  return (
    <>
      <p>
        <strong>{lines === 1 ? "Run this line?" : `Run these ${formatCount(lines)} lines?`}</strong> Code can do here
        all that you can do.
      </p>
      {cut && <p class="warn">The answer broke off here: the code may not be whole.</p>}
      {hides && (
        <>
          <p class="warn">
            There are characters in it that cannot be seen, or that turn the text around them. Exactly this runs:
          </p>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard (WCAG 2.1.1) */}
          <div class="exact" tabIndex={0}>
            <pre dir="ltr">
              <Exact text={code} />
            </pre>
          </div>
        </>
      )}
      <div class="run-buttons">
        <button type="button" class="small main" aria-disabled={!settled} onClick={() => settled && start()}>
          {below ? "Run in a new cell below" : "Run in a new cell"}
        </button>
        <button type="button" class="small plain" onClick={close}>
          Cancel
        </button>
      </div>
    </>
  );
}

function Outcome({ ran, attach, close }: { ran: Ran | null; attach: Props["attach"]; close: () => void }) {
  const some = ran && (ran.text || ran.pictures.length > 0);
  return (
    <div class="run-ended">
      <p>
        {outcome(ran)} {ran && some && <small>{howMuch(ran)}</small>}
      </p>
      {ran && some && (
        <button
          type="button"
          class="small"
          title="Attach it to the next question, which you send when you send it"
          onClick={() => attach(ran)}
        >
          Ask about the output
        </button>
      )}
      <button type="button" class="action" aria-label="Close" title="Close" onClick={close}>
        <CloseIcon />
      </button>
    </div>
  );
}

/** How it went, in a sentence. */
function outcome(ran: Ran | null): string {
  if (!ran) return "It could not be run: the notebook is closed.";
  if (ran.gone) return "The cell was deleted.";
  const some = ran.text !== "" || ran.pictures.length > 0;
  if (ran.number === null && some) return "It did not come to its end: the kernel has stopped.";
  if (ran.number === null) return "It was not run: a cell before it failed, or the kernel has stopped.";
  if (ran.failed) return `It failed as [${ran.number}].`;
  if (!ran.ended) return `It began as [${ran.number}] and did not come to its end.`;
  return `It ran as [${ran.number}]${some ? "." : " and put nothing out."}`;
}

/** How much would go along. */
function howMuch({ text, pictures }: Ran): string {
  const cut = text.length > MOST ? `${formatCount(text.length)} characters, of which the ends go along: ` : "";
  const tokens = text && `${cut}~${formatCount(textTokens(Math.min(text.length, MOST)))} tokens`;
  const drawn = pictures.length > 0 && `${pictures.length} ${pictures.length === 1 ? "picture" : "pictures"}`;
  return `Output: ${[tokens, drawn].filter(Boolean).join(", ")}`;
}
