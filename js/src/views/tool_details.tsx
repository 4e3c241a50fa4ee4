/** What a tool was given and what came of it, exactly. Drawn on demand: opened, or to be decided about. */
import { useState } from "preact/hooks";
import type { ToolCallPart, ToolResultPart } from "../wire/messages.ts";
import { Exact } from "./exact.tsx";
import { layOut } from "./lay_out.ts";

export function ToolDetails({ call, result }: { call: ToolCallPart; result: ToolResultPart | null }) {
  const title = result?.denied ? "Not allowed" : result?.error ? "Failed" : "Result";
  return (
    <div class="tool-details">
      <Arguments text={call.arguments} />
      {result && <ToolText title={title} text={result.text} />}
    </div>
  );
}

/** Arguments laid out to be read; the exact text, which is what runs, is a click away, or stands there first. */
export function Arguments({ text, exactFirst = false }: { text: string; exactFirst?: boolean }) {
  const [exact, setExact] = useState(exactFirst);
  const laid = layOut(text);
  const other = laid !== null && (
    <button type="button" class="quiet" onClick={() => setExact(!exact)}>
      {exact ? "Format" : "Exact text"}
    </button>
  );
  return <ToolText title="Arguments" text={laid === null || exact ? text : laid} beside={other} />;
}

export function ToolText({ title, text, beside }: { title: string; text: string; beside?: preact.ComponentChildren }) {
  return (
    <>
      <div class="tool-head">
        {title}
        {beside}
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: no form's group; a section of this name would be one landmark a call */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard (WCAG 2.1.1) */}
      <div class="exact" role="group" tabIndex={0} aria-label={title}>
        <pre dir="ltr">{text ? <Exact text={text} /> : <i>none</i>}</pre>
      </div>
    </>
  );
}
