/** Long conversations for benchmarks, and what of them a kernel sends at first. */
import type { Snapshot } from "../../src/wire/protocol.ts";
import { line, message, snapshot } from "../support/messages.ts";
import { answer } from "./answers.ts";

/** How large a snapshot or page is at most, in characters of JSON; as nbchat/notebook/snapshot.py has it. */
const SNAPSHOT_BYTES = 64_000;

/** A conversation of questions and answers of 1 to 4 kB Markdown. */
export function conversation(count: number): Snapshot["messages"] {
  const messages = Array.from({ length: count }, (_, at) =>
    at % 2 === 0
      ? message(`q${at}`, "user", `How would I do that with ${at} keys?`)
      : message(`a${at}`, "assistant", answer(256 + ((at * 97) % 768), at)),
  );
  return line(...messages);
}

/** What a kernel sends of it at first: the newest messages, up to a size. */
export function newest(all: Snapshot["messages"], most = SNAPSHOT_BYTES): Snapshot {
  let room = most;
  let at = all.length;
  while (at > 0) {
    room -= JSON.stringify(all[at - 1]).length;
    if (room < 0 && at < all.length) break;
    at--;
  }
  return snapshot(all.slice(at), { more: at > 0 });
}
