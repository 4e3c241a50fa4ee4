/** What is attached to the question that is being written: a chip for each, and what was said of the last ones. From extras.js. */
import { useEffect, useRef } from "preact/hooks";
import type { Chip, DraftFiles } from "../attach/draft_files.ts";
import type { Store } from "../store.ts";
import { formatCount } from "./format.ts";
import { CloseIcon, FileIcon } from "./icons.tsx";
import { live } from "./live.ts";
import { MentionChip, useLook } from "./mention_chips.tsx";
import { NamesList } from "./names_list.tsx";

/** Lies over a thread while files are held over it. */
export function DropMark() {
  return (
    <div class="drop" aria-hidden="true">
      <span>Drop pictures or text files to attach them</span>
    </div>
  );
}

interface ChipsProps {
  store: Store;
  /** Null where they could not be attached. */
  files: DraftFiles | null;
  box: { current: HTMLTextAreaElement | null };
  draft: string;
  setDraft: (text: string) => void;
}

export function Chips({ files, ...props }: ChipsProps) {
  return files ? <List files={files} {...props} /> : null;
}

function List({ store, files, box, draft, setDraft }: ChipsProps & { files: DraftFiles }) {
  const list = useRef<HTMLUListElement>(null);
  const { outlook, model } = live(store);
  const chips = files.chips.value;
  const { mentions } = files;
  const named = mentions.chips.value;
  const said = files.said.value;
  const pictures = chips.some((chip) => chip.ready?.kind === "image") || named.some(({ size }) => size);
  const unseen = outlook?.sees === false && pictures;
  const leave = (at: number) => {
    const buttons = [...(list.current?.querySelectorAll("button") ?? [])];
    const next = buttons[at + 1] ?? buttons[at - 1] ?? box.current;
    next?.focus(); // the one that has it goes
  };
  const remove = (chip: Chip, at: number) => {
    leave(at);
    files.remove(chip.id);
  };
  const keep = (name: string, at: number) => {
    leave(at);
    mentions.remove(name);
    files.said.value = { text: `${name} stays text.`, kind: "done" };
  };
  const sum = (counts: readonly number[]) => counts.reduce((all, each) => all + each, 0);
  const tokens = sum([...named.map((each) => each.tokens), ...chips.map((chip) => chip.ready?.tokens ?? 0)]);
  useLook(store, mentions, box, draft);
  useTold(store, tokens);
  const pasted = files.pasted.value;
  const asFile = async () => {
    const before = files.length;
    box.current?.focus(); // the button goes
    await files.add([new File([pasted], "pasted.txt")]);
    if (files.length === before) return; // it is too long for a file, too
    files.pasted.value = "";
    setDraft((box.current?.value ?? draft).replace(pasted, () => "")); // somebody may have typed on
  };
  return (
    <div class="attached">
      <NamesList store={store} box={box} draft={draft} />
      {chips.length + named.length > 0 && (
        <ul class="chips" aria-label="Attached to the question" ref={list}>
          {named.map((mention, at) => (
            <MentionChip key={mention.name} mention={mention} remove={() => keep(mention.name, at)} />
          ))}
          {chips.map((chip, at) => (
            <li class="chip" key={chip.id} title={title(chip)}>
              {chip.ready?.picture ? <img src={chip.ready.picture} alt="" /> : <FileIcon />}
              <span class="chip-text">
                <span class="chip-name">{chip.name || chip.ready?.name}</span>
                <small>{facts(chip)}</small>
              </span>
              <button
                type="button"
                class="action"
                aria-label={`Remove ${chip.name}`}
                title="Remove"
                onClick={() => remove(chip, named.length + at)}
                onKeyDown={(event) => {
                  if (event.key === "Delete" || event.key === "Backspace") remove(chip, named.length + at);
                }}
              >
                <CloseIcon />
              </button>
            </li>
          ))}
        </ul>
      )}
      {chips.length + named.length > 1 && tokens > 0 && (
        <p class="attached-sum">~{formatCount(tokens)} tokens are attached</p>
      )}
      <p class={said?.kind === "done" ? "hidden" : `attached-said ${said?.kind ?? ""}`} role="status">
        {said?.text}
      </p>
      {pasted && draft.includes(pasted) && (
        <p class="attached-said">
          {formatCount(pasted.length)} characters were pasted.
          <button type="button" class="small" onClick={asFile}>
            Attach them as a file
          </button>
        </p>
      )}
      {unseen && (
        <p class="attached-said warn" role="alert">
          {model} takes no pictures, its provider says: choose another model, or remove them.
        </p>
      )}
    </div>
  );
}

/** The kernel counts them into what the next question will come to. */
function useTold(store: Store, tokens: number): void {
  const told = useRef(0);
  const tell = (now: number) => {
    if (now !== told.current) store.send({ op: "attached", tokens: now });
    told.current = now;
  };
  useEffect(() => tell(tokens), [tokens]);
  useEffect(() => () => tell(0), []);
}

function facts({ ready }: Chip): string {
  return ready
    ? [ready.size, `~${formatCount(ready.tokens)} tokens`, ready.note].filter(Boolean).join(" · ")
    : "Reading…";
}

function title(chip: Chip): string {
  return `${chip.name}\n${facts(chip)}`;
}
