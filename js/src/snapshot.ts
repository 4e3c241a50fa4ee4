/** The snapshot that a view leaves in its model, for the saved notebook: the newest messages, bounded as the kernel's are. */
import type { Message } from "./wire/messages.ts";
import type { Position, Snapshot } from "./wire/protocol.ts";
import type { Content } from "./wire/reduce.ts";

/** Characters of JSON; the kernel's own bound is 64 kB. */
const MOST = 64_000;

export function keep(content: Content, position: Position, continues: string): Snapshot {
  const messages: Message[] = [];
  let size = 0;
  for (const message of [...content.messages].reverse()) {
    size += JSON.stringify(message).length;
    if (size > MOST && messages.length > 0) break;
    messages.unshift(message);
  }
  const more = content.more || messages.length < content.messages.length;
  const { turn, path } = content;
  return {
    ...position,
    turn,
    messages,
    more,
    ...(path === undefined ? {} : { path }),
    ...(continues ? { continues } : {}),
  };
}
