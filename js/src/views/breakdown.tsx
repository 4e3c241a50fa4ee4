/** Where tokens and money of a conversation went, and what its context holds. Money and sizes are the kernel's figures. */
import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { call, errorOf } from "../calls.ts";
import type { Store } from "../store.ts";
import type { Breakdown, Share } from "../wire/calls.ts";
import type { Certainty, ErrorInfo, Usage } from "../wire/messages.ts";
import { formatCount, messageCount } from "./format.ts";
import { live } from "./live.ts";
import { Trouble } from "./model_menu.tsx";
import { shareOf } from "./outlook.tsx";
import { Popup } from "./popup.tsx";

const PURPOSES: Record<string, string> = {
  answer: "Answers",
  "tool-round": "Answers after tools",
  continuation: "Continued answers",
  title: "Titles",
  check: "Checks",
};
const PARTS: Record<string, string> = {
  system: "System prompt",
  tools: "Tools",
  messages: "Messages",
  images: "Images",
  files: "Files",
};
const SURE: Record<Certainty, string> = {
  reported: "As reported for each request.",
  estimated: "~ A part is estimated.",
  partial: "≥ A part is not known: at least this much.",
  unknown: "– Nobody knows what it cost.",
};

interface PanelProps {
  store: Store;
  button: RefObject<HTMLButtonElement | null>;
  close: () => void;
}

export function BreakdownPanel({ store, button, close }: PanelProps) {
  const [found, setFound] = useState<Breakdown | null>(null);
  const [failed, setFailed] = useState<ErrorInfo | null>(null);
  const body = useRef<HTMLDivElement>(null);
  const { usage, outlook } = live(store); // what changes with each answer
  useEffect(() => {
    let wanted = true;
    call(store, "breakdown", {}).then(
      (value) => wanted && setFound(value),
      (error) => wanted && setFailed(errorOf(error)),
    );
    return () => {
      wanted = false;
    };
  }, [store, usage, outlook]);
  useEffect(() => body.current?.focus(), []);
  return (
    <Popup button={button} close={close} name="Cost and context" kind="panel">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard (WCAG 2.1.1) */}
      <div class="panel-body" ref={body} tabIndex={0}>
        {failed && <Trouble error={failed} />}
        {!found && !failed && <p class="menu-note">Adding it up…</p>}
        {found && <Spent found={found} />}
        {found && <Context context={found.context} />}
      </div>
    </Popup>
  );
}

function Spent({ found: { all, models, purposes } }: { found: Breakdown }) {
  if (all.requests === 0) return <p class="menu-note">Nothing was asked yet.</p>;
  return (
    <section aria-label="Cost">
      <h3>
        <span>{all.cost === "–" ? "Cost not known" : all.cost}</span>
        <small>{requests(all)}</small>
      </h3>
      <p class="fine">{SURE[all.certainty]}</p>
      <Tokens usage={all.usage} />
      <Shares name="By model" rows={models} words={(name) => name} />
      <Shares name="By purpose" rows={purposes} words={(name) => PURPOSES[name] ?? name} />
    </section>
  );
}

function requests({ requests: count, failed }: Share): string {
  const all = `${formatCount(count)} request${count === 1 ? "" : "s"}`;
  return failed > 0 ? `${all}, ${formatCount(failed)} failed` : all;
}

function Tokens({ usage }: { usage: Usage }) {
  const mark = usage.certainty === "reported" ? "" : usage.certainty === "partial" ? "≥" : "~";
  const rows: [string, number | null, string?][] = [
    ["Tokens in", usage.input_tokens],
    ["from the cache", usage.cached_tokens, "part"],
    ["written to the cache", usage.cache_write_tokens, "part"],
    ["Tokens out", usage.output_tokens],
    ["reasoning", usage.reasoning_tokens, "part"],
  ];
  return (
    <dl class="figures">
      {rows.map(
        ([name, count, part]) =>
          !(part && !count) && (
            <div key={name} class={part}>
              <dt>{name}</dt>
              <dd>{count === null ? "–" : `${mark}${formatCount(count)}`}</dd>
            </div>
          ),
      )}
    </dl>
  );
}

function Shares({ name, rows, words }: { name: string; rows: readonly Share[]; words: (name: string) => string }) {
  return (
    <>
      <h4>{name}</h4>
      <dl class="figures">
        {rows.map((row) => (
          <div key={row.name}>
            <dt title={row.name}>
              {words(row.name)} <small>{requests(row)}</small>
            </dt>
            <dd>{row.cost}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

function Context({ context }: { context: Breakdown["context"] }) {
  const { tokens, estimated, length, kept, omitted, parts } = context;
  const mark = estimated ? "~" : "";
  const share = shareOf(context);
  if (tokens === 0) return null;
  const free = length === null ? null : Math.max(length - kept - tokens, 0);
  const rows: [kind: string, name: string, count: number, mark: string][] = [
    ...parts.map(
      ({ name, tokens: count }) => [name, PARTS[name] ?? name, count, "~"] as [string, string, number, string],
    ),
    ...(kept > 0 ? [["kept", "Kept for the answer", kept, ""] as [string, string, number, string]] : []),
    ...(free !== null ? [["free", "Free", free, mark] as [string, string, number, string]] : []),
  ];
  return (
    <section aria-label="Context">
      <h3>
        <span>Context {share ? share.percent : ""}</span>
        <small>
          {mark}
          {formatCount(tokens)}
          {length === null ? " tokens; the model's length is not known" : ` of ${formatCount(length)} tokens`}
        </small>
      </h3>
      {length !== null && (
        <div class="stack" aria-hidden="true">
          {rows.map(([kind, , count]) => (
            <span key={kind} class={kind} style={{ flexGrow: count }} />
          ))}
        </div>
      )}
      <dl class="figures">
        {rows.map(([kind, name, count, sign]) => (
          <div key={kind}>
            <dt>
              <i class={`dot ${kind}`} aria-hidden="true" />
              {name}
            </dt>
            <dd>{`${sign}${formatCount(count)}`}</dd>
          </div>
        ))}
      </dl>
      {omitted > 0 && (
        <p class="fine">{`${messageCount(omitted, "older ")} ${omitted === 1 ? "is" : "are"} not sent: it was full.`}</p>
      )}
    </section>
  );
}
