/**
 * What can be done with one message: a quiet row of buttons below it, shown where the pointer or the focus is.
 *
 * What starts a turn waits in the queue while another one runs; of the running turn itself only the question can be copied.
 */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { hide, regenerate, remove, resume } from "../asks.ts";
import type { Store } from "../store.ts";
import type { Message } from "../wire/messages.ts";
import { textOf } from "../wire/reduce.ts";
import { copyText } from "./copy.ts";
import { keepFocus } from "./focus.ts";
import { textToRead } from "./format.ts";
import {
  AgainIcon,
  BinIcon,
  CheckIcon,
  ChevronIcon,
  CloseIcon,
  CopyIcon,
  EditIcon,
  EyeIcon,
  InfoIcon,
  NoEyeIcon,
  ThreadIcon,
} from "./icons.tsx";
import { loadExtras, loadedExtras } from "./lazy.tsx";
import { Menu, useMenu } from "./models.tsx";

const SHOWN = 1_500;

interface ActionProps {
  name: string;
  does: (button: HTMLElement) => void;
  disabled?: boolean;
  /** Whether what it opens is open. */
  expanded?: boolean;
  children: preact.ComponentChildren;
}

/** A button without words: its name is its tooltip too. */
export function Action({ name, does, disabled = false, expanded, children }: ActionProps) {
  return (
    <button
      type="button"
      class="action"
      aria-label={name}
      title={name}
      disabled={disabled}
      aria-expanded={expanded}
      onClick={(event) => does(event.currentTarget)}
    >
      {children}
    </button>
  );
}

export function CopyAction({ text, what }: { text: string; what: string }) {
  const [state, setState] = useState<"copied" | "failed" | null>(null);
  useEffect(() => {
    if (!state) return;
    const timer = setTimeout(() => setState(null), SHOWN);
    return () => clearTimeout(timer);
  }, [state]);
  const copy = () => void copyText(text).then((done) => setState(done ? "copied" : "failed"));
  return (
    <Action name={state ? SAID[state] : `Copy ${what}`} does={copy}>
      {state === "copied" ? <CheckIcon /> : state === "failed" ? <CloseIcon /> : <CopyIcon />}
    </Action>
  );
}

const SAID = { copied: "Copied", failed: "Copy failed" };

interface ActionsProps {
  label: string;
  children: preact.ComponentChildren;
}

/** A row of buttons. It is one stop of the Tab key, since a long conversation has a row for each message; arrows go along it. */
function Actions({ label, children }: ActionsProps) {
  const root = useRef<HTMLSpanElement>(null);
  const stop = useRef<HTMLElement | undefined>(undefined);
  const all = () => [...(root.current as HTMLElement).querySelectorAll<HTMLElement>(".action:enabled")];
  const settle = () => {
    const at = all().indexOf(stop.current as HTMLElement);
    for (const [place, each] of all().entries()) each.tabIndex = place === Math.max(at, 0) ? 0 : -1;
  };
  useLayoutEffect(settle);
  const keys = (event: KeyboardEvent) => {
    const at = all().indexOf(event.target as HTMLElement);
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (at < 0 || !step) return;
    event.preventDefault();
    all()
      .at((at + step) % all().length)
      ?.focus();
  };
  return (
    <span
      class="actions"
      role="toolbar"
      aria-label={label}
      ref={root}
      onFocusIn={(event) => {
        stop.current = event.target as HTMLElement;
        settle();
      }}
      onKeyDown={keys}
    >
      {children}
    </span>
  );
}

interface RowProps {
  message: Message;
  store: Store;
  edit: () => void;
}

export function QuestionActions({ message, store, edit, live }: RowProps & { live: boolean }) {
  return (
    <Actions label="What can be done with this question">
      {!live && (
        <Action name="Edit question" does={edit}>
          <EditIcon />
        </Action>
      )}
      <CopyAction text={textOf(message)} what="question" />
      {!live && <Rarer message={message} store={store} what="question" gone="Delete question and its answers" />}
    </Actions>
  );
}

interface AnswerActionsProps extends RowProps {
  /** It was asked for again or to go on, and nothing of that has been seen yet. */
  asked: boolean;
  /** A turn below its cell has fewer. */
  few: boolean;
  /** Whether it is shown how the answer was made. */
  facts: boolean;
  showFacts: () => void;
}

export function AnswerActions({ message, store, edit, asked, few, facts, showFacts }: AnswerActionsProps) {
  const text = textToRead(message);
  return (
    <Actions label="What can be done with this answer">
      {text && <CopyAction text={text} what="answer" />}
      <Regenerate message={message} store={store} asked={asked} />
      {!few && text && (
        <Action name="Edit answer" does={edit}>
          <EditIcon />
        </Action>
      )}
      <Action name="How it was made" does={showFacts} expanded={facts}>
        <InfoIcon />
      </Action>
      {few ? (
        <UnfoldAction store={store} />
      ) : (
        <Rarer message={message} store={store} what="answer" gone="Delete answer" />
      )}
    </Actions>
  );
}

function Rarer({ message, store, what, gone }: { message: Message; store: Store; what: string; gone: string }) {
  const { id, hidden = false } = message;
  return (
    <>
      <Action
        name={hidden ? `Show ${what} to the model` : `Hide ${what} from the model`}
        does={() => hide(store, id, !hidden)}
      >
        {hidden ? <NoEyeIcon /> : <EyeIcon />}
      </Action>
      <Action
        name={gone}
        does={(button) => {
          keepFocus(button);
          remove(store, id);
        }}
      >
        <BinIcon />
      </Action>
    </>
  );
}

function Regenerate({ message, store, asked }: { message: Message; store: Store; asked: boolean }) {
  const menu = useMenu();
  const again = (model?: string) => {
    keepFocus(menu.root.current);
    regenerate(store, message.id, model);
  };
  return (
    <span class="again" ref={menu.root}>
      <Action name="Regenerate" disabled={asked} does={() => again()}>
        <AgainIcon />
      </Action>
      <button
        type="button"
        class="action narrow"
        ref={menu.button}
        aria-label="Regenerate with another model"
        title="Regenerate with another model"
        aria-haspopup="dialog"
        aria-expanded={menu.open}
        disabled={asked}
        onClick={() => menu.setOpen(!menu.open)}
      >
        <ChevronIcon />
      </button>
      {menu.open && (
        <Menu store={store} button={menu.button} current={message.model ?? ""} choose={again} close={menu.close} />
      )}
    </span>
  );
}

/** What to call going on with this answer; "" where there is nothing to go on with. */
export function recovery(message: Message): "Retry" | "Resume" | "Continue" | "" {
  const cut = message.status !== "complete" && message.status !== "streaming";
  if (cut) return message.parts.length > 0 ? "Resume" : "Retry";
  return message.status === "complete" && message.finish_reason === "length" ? "Continue" : "";
}

interface RecoverProps {
  message: Message;
  store: Store;
  asked: boolean;
  /** Offer to ask anew as well. */
  anew?: boolean;
}

/** The buttons that bring an answer to its end. */
export function Recover({ message, store, asked, anew = false }: RecoverProps) {
  const name = recovery(message);
  const press = (does: (store: Store, message: string) => void) => (event: { currentTarget: HTMLElement }) => {
    keepFocus(event.currentTarget);
    does(store, message.id);
  };
  return (
    <>
      {name && (
        <button type="button" class="small plain" disabled={asked} onClick={press(resume)}>
          {name}
        </button>
      )}
      {anew && name !== "Retry" && (
        <button type="button" class="small plain" disabled={asked} onClick={press((of, id) => regenerate(of, id))}>
          Regenerate
        </button>
      )}
    </>
  );
}

/** Have a turn's view unfold into the thread of its conversation. */
export function UnfoldAction({ store }: { store: Store }) {
  const [failed, setFailed] = useState(false);
  const unfold = (button: HTMLElement) => {
    keepFocus(button);
    void loadExtras().then(() => {
      const extras = loadedExtras();
      extras?.unfold(store);
      setFailed(!extras);
    });
  };
  return (
    <Action name={failed ? "This needs the kernel, which does not answer" : "Show the conversation"} does={unfold}>
      <ThreadIcon />
    </Action>
  );
}
