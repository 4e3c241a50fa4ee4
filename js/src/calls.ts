/**
 * Calls: what a page asks the kernel and waits for the reply to: lists, figures, files, and what the drawer does.
 *
 * Owns the waiting: a reply that is lost is asked for again (the kernel takes two of one `ask` for one), and who waits long is told
 * (`isSlow`). Must not know what the replies mean.
 */
import { randomId } from "./registry.ts";
import type { Store } from "./store.ts";
import { perStore } from "./views/live.ts";
import type { Asks } from "./wire/calls.ts";
import type { ErrorInfo } from "./wire/messages.ts";
import type { Outgoing } from "./wire/protocol.ts";

/** Something that nobody answered for so long is said to be slow. Milliseconds. */
const SLOW = 1_500;
const AGAIN = 5_000;
/** After so many tries it is given up. */
const TRIES = 12;

const slow = perStore(0);

/** What the kernel said instead of a reply; or that there is none. */
export class Denied extends Error {
  constructor(readonly info: ErrorInfo) {
    super(info.text);
  }
}

const ENDED: ErrorInfo = {
  kind: "lost",
  text: "The kernel that answered here has ended.",
  hint: "Run the cell above again to go on; the conversation is kept.",
};
const SILENT: ErrorInfo = {
  kind: "lost",
  text: "The kernel does not answer.",
  hint: "It may be busy with a cell, or not connected: try again when it is idle.",
};

/** Whether something that was asked waits for its reply longer than it should. */
export function isSlow(store: Store): boolean {
  return slow(store).value > 0;
}

/** Ask, and return what the reply holds; rejects with `Denied`. */
export function call<Op extends keyof Asks>(store: Store, op: Op, fields: Asks[Op][0]): Promise<Asks[Op][1]> {
  const ask = randomId();
  const message = { op, ask, ...fields } as unknown as Outgoing;
  return new Promise((resolve, reject) => {
    let late = 0;
    let tries = 1;
    const lateAt = setTimeout(() => {
      late = 1;
      slow(store).value += 1;
    }, SLOW);
    const timer = setInterval(() => (tries++ < TRIES ? store.send(message) : fail(SILENT)), AGAIN);
    const leave = store.subscribe(() => store.state.lost && fail(ENDED));
    const end = () => {
      clearTimeout(lateAt);
      clearInterval(timer);
      slow(store).value -= late;
      store.replies.delete(ask);
      leave();
    };
    const fail = (error: ErrorInfo) => {
      end();
      reject(new Denied(error));
    };
    store.replies.set(ask, (reply) => {
      const error = reply ? reply.error : ENDED;
      if (error) return fail(error);
      end();
      resolve(reply?.value as Asks[Op][1]);
    });
    store.send(message);
  });
}

/** What went wrong, as people read it. */
export function errorOf(error: unknown): ErrorInfo {
  return error instanceof Denied ? error.info : { kind: "internal", text: String(error), hint: "" };
}
