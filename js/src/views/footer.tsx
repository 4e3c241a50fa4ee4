/** The line below an answer: how it ended, what made it and what that cost, and what can be done with it. */
import { useState } from "preact/hooks";
import type { Store } from "../store.ts";
import type { Cost, Message } from "../wire/messages.ts";
import { AnswerActions, Recover } from "./actions.tsx";
import { Branches } from "./branches.tsx";
import { formatPace, formatUsage, isNothing, leftOut, messageCount, shortModel } from "./format.ts";
import { lazy } from "./lazy.tsx";

interface FooterProps {
  message: Message;
  store: Store;
  /** Whether it can go on, and its error bubble does not offer that already. */
  recovers: boolean;
  asked: boolean;
  few: boolean;
  /** How it ended stands above, with what that means. */
  told: boolean;
  edit: () => void;
}

const Facts = lazy((extras) => extras.Facts);

export function Footer({ message, store, recovers, asked, few, told, edit }: FooterProps) {
  const name = `facts ${message.id}`;
  const [open, setOpen] = useState(store.memory.get(name) === true);
  const end = told ? "" : ending(message);
  const missing = leftOut(message);
  const toggle = () => {
    store.memory.set(name, !open);
    setOpen(!open);
  };
  return (
    <>
      <footer class="footer">
        {!few && <Branches message={message} store={store} />}
        {end && <span class="ending">{end}</span>}
        {recovers && <Recover message={message} store={store} asked={asked} />}
        {message.hidden && <span class="unsent-note">not sent to the model</span>}
        {message.omitted ? <span class="unsent-note">{messageCount(message.omitted, "earlier ")} not sent</span> : null}
        <Brief message={message} />
        {missing.length > 0 && (
          <span class="left-out" title="The provider refuses it for this model; %nbchat doctor lists what it refuses.">
            without {missing.join(", ")}
          </span>
        )}
        <AnswerActions
          message={message}
          store={store}
          edit={edit}
          asked={asked}
          few={few}
          facts={open}
          showFacts={toggle}
        />
      </footer>
      {open && <Facts message={message} />}
    </>
  );
}

/** What made it and what that cost, in a line. */
function Brief({ message: { model, usage, cost, status }, message }: { message: Message }) {
  const tokens = formatUsage(usage);
  const pace = model === null ? "" : formatPace(message);
  return (
    <>
      {model ? <span>{shortModel(model)}</span> : status === "complete" && <span>edited by hand</span>}
      {tokens && <span>{tokens}</span>}
      {cost && !isNothing(usage) && <span>{costLabel(cost)}</span>}
      {pace && <span class="pace">{pace}</span>}
    </>
  );
}

/** Why an answer is shorter than it could be, in two words; "" when it is whole. */
function ending(message: Message): string {
  if (message.status === "stopped") return "stopped";
  if (message.status === "interrupted") return "interrupted";
  if (message.finish_reason === "length") return "length limit reached";
  if (message.finish_reason === "content_filter") return "ended by a content filter";
  return "";
}

/** A lone dash would say nothing. */
function costLabel(cost: Cost): string {
  return cost.text === "–" ? `cost ${cost.text}` : cost.text;
}
