/**
 * Receiver: brings the messages of an unreliable wire into order, and asks again for what got lost.
 *
 * Owns the position, the held messages and the moments at which a `hello` is due. Has no timer and no clock of its own:
 * `now` is milliseconds of any steady clock, `due` says when `tick` wants to be called. The Jupyter server drops comm
 * messages silently above its rate limit, so every message may be missing, doubled, late or out of order.
 */
import type { Append, Outgoing, Page, Position, Snapshot } from "./protocol.ts";
import { adopt, type Content, prepend, reduce, without } from "./reduce.ts";
import type { Kind, SessionStatus } from "./traits.ts";

/** A gap is given this long to close by itself; then the waits double up to GAP_MOST. Milliseconds. */
const GAP_FIRST = 250;
const GAP_MOST = 4_000;
/**
 * A running turn that falls silent may have lost its last message, which no later one would reveal. Silent is four times
 * the usual wait between messages (a view that the kernel slows down gets one in two seconds), within these bounds.
 */
const QUIET_FIRST = 500;
const QUIET_FIRST_MOST = 5_000;
const QUIET_MOST = 30_000;
/** The usual wait before anything is known of it. */
const PACE = 500;
/** So many hellos go out in a gap before the waits grow: where a third of all messages is lost, so are answers. */
const PATIENT_TRIES = 3;
/** Messages held at most while a gap is open; more only means that the kernel will answer with a snapshot. */
const HELD_MOST = 64;
/** Hellos when only the status says that something was missed: perhaps nothing was (a question left the queue unsent). */
const SURMISED_TRIES = 4;

interface Check {
  due: number;
  wait: number;
  most: number;
  tries: number;
}

export class Receiver {
  content: Content;
  position: Position;
  /** When `tick` is due, in the caller's milliseconds; null when nothing is awaited. */
  get due(): number | null {
    return this.check?.due ?? null;
  }

  private readonly kind: Kind;
  private readonly send: (message: Outgoing) => void;
  private readonly page: string;
  private status: SessionStatus = "idle";
  private held: Append[] = [];
  private seen: { generation: number; seq: number };
  private forced = false;
  private overdue = false;
  private gaveUp = false;
  /** The position when the session last became busy; if it is still the same when it is idle again, a turn was missed. */
  private atBusy: Position | null = null;
  private check: Check | null = null;
  private pace = PACE;
  private movedAt: number | null = null;

  constructor(kind: Kind, snapshot: Snapshot, send: (message: Outgoing) => void, page: string) {
    this.kind = kind;
    this.send = send;
    this.page = page;
    this.content = adopt(kind, snapshot, null);
    this.position = positionOf(snapshot);
    this.seen = this.position;
  }

  /** Say hello and begin to watch. */
  start(status: SessionStatus, now: number): void {
    this.status = status;
    this.hello();
    this.plan(now, true);
  }

  /** The session's status changed: a turn that should be over, or should have begun, is looked after. */
  hint(status: SessionStatus, now: number): void {
    const changed = status !== this.status;
    if (changed && isBusy(status) && !isBusy(this.status)) this.atBusy = this.position;
    if (changed) this.gaveUp = false;
    this.status = status;
    const never = this.kind === "turn" && this.position.generation === 0;
    const missed = this.atBusy === this.position;
    this.overdue = !isBusy(status) && !this.gaveUp && (!this.position.ended || never || missed);
    this.plan(now, changed && (this.overdue || !this.check));
  }

  /** Take an `append`; returns whether anything was applied. */
  append(message: Append, now: number): boolean {
    if (this.isOld(message)) return false;
    if (later(message, this.seen)) this.seen = { generation: message.generation, seq: message.seq };
    this.hold(message);
    let moved = false;
    for (let at = this.findFit(); at >= 0; at = this.findFit()) {
      const [fit] = this.held.splice(at, 1);
      if (fit) this.apply(fit);
      moved = true;
    }
    this.held = this.held.filter((each) => !this.isOld(each));
    if (moved) this.measure(now);
    this.plan(now, moved);
    return moved;
  }

  /** Take a snapshot; returns whether it was adopted. Only one that is not behind, or that was asked for by force, is. */
  snapshot(snapshot: Snapshot, now: number): boolean {
    if (later(this.position, snapshot) && !this.forced) return false;
    if (this.kind === "turn" && snapshot.generation === 0 && this.position.generation !== 0) return false;
    this.forced = false;
    this.content = adopt(this.kind, snapshot, this.content);
    this.position = positionOf(snapshot);
    if (later(snapshot, this.seen)) this.seen = this.position;
    this.overdue = this.overdue && !snapshot.ended;
    if (!this.drain(now)) this.plan(now, true);
    return true;
  }

  /** Take a page of older messages. */
  older(page: Page): void {
    this.content = prepend(this.content, page);
  }

  /** Messages were deleted: the snapshot that tells so may not reach back to them. */
  deleted(ids: readonly string[]): void {
    this.content = without(this.content, ids);
  }

  /** Send what is due. */
  tick(now: number): void {
    const check = this.check;
    if (!check || now < check.due) return;
    this.hello();
    const patient = check.most === GAP_MOST && check.tries + 1 < PATIENT_TRIES;
    const wait = patient ? check.wait : Math.min(check.wait * 2, check.most);
    this.check = { due: now + wait, wait, most: check.most, tries: check.tries + 1 };
    const surmised = this.overdue && this.position.ended && !this.forced && !later(this.seen, this.position);
    if (surmised && check.tries + 1 >= SURMISED_TRIES) {
      this.gaveUp = true;
      this.overdue = false;
      this.check = null;
    }
  }

  private hello(): void {
    const { generation, seq } = this.forced ? { generation: -1, seq: 0 } : this.position;
    this.send({ op: "hello", generation, have: seq, page: this.page });
  }

  private isOld({ generation, seq }: Append): boolean {
    const mine = this.position;
    if (generation !== mine.generation) return generation < mine.generation;
    return mine.ended || seq <= mine.seq;
  }

  private fits({ generation, after }: Append): boolean {
    const mine = this.position;
    if (generation === mine.generation) return !mine.ended && after === mine.seq;
    // a turn view is told of no turn but its own, and is bound to a later one when its answer is asked for again
    return after === 0 && mine.ended && (this.kind === "turn" || generation === mine.generation + 1);
  }

  private findFit(): number {
    return this.held.findIndex((each) => this.fits(each));
  }

  /** Keep a message until it fits; of two with one beginning the longer one, and of too many the earliest ones. */
  private hold(message: Append): void {
    const twin = this.held.findIndex((m) => m.generation === message.generation && m.after === message.after);
    const old = this.held[twin];
    if (old && old.seq >= message.seq) return;
    if (old) this.held.splice(twin, 1);
    this.held.push(message);
    if (this.held.length <= HELD_MOST) return;
    this.held.sort((a, b) => a.generation - b.generation || a.after - b.after);
    this.held.length = HELD_MOST;
  }

  private apply(message: Append): void {
    const { content, ended } = reduce(this.content, message.events);
    this.content = content;
    this.position = { generation: message.generation, seq: message.seq, ended: ended !== null };
    if (ended) this.overdue = false;
    if (ended === "wrong") {
      this.forced = true;
      this.hello();
    }
  }

  private drain(now: number): boolean {
    const next = this.held[this.findFit()];
    return next !== undefined && this.append(next, now);
  }

  /** Decide when to ask next; `moved` starts the waits afresh, since something new is known. */
  private plan(now: number, moved: boolean): void {
    const quiet = Math.min(Math.max(4 * this.pace, QUIET_FIRST), QUIET_FIRST_MOST);
    const behind = this.isBehind();
    const first = behind ? GAP_FIRST : quiet;
    if (!behind && !this.isRunning()) this.check = null;
    else {
      const most = behind ? GAP_MOST : QUIET_MOST;
      if (moved || this.check?.most !== most) this.check = { due: now + first, wait: first, most, tries: 0 };
    }
  }

  private measure(now: number): void {
    if (this.movedAt !== null) this.pace = (this.pace + Math.min(now - this.movedAt, QUIET_FIRST_MOST)) / 2;
    this.movedAt = this.position.ended ? null : now;
  }

  private isBehind(): boolean {
    return this.forced || this.overdue || later(this.seen, this.position);
  }

  private isRunning(): boolean {
    return !this.position.ended || isBusy(this.status);
  }
}

function positionOf({ generation, seq, ended }: Snapshot): Position {
  return { generation, seq, ended };
}

function later(a: { generation: number; seq: number }, b: { generation: number; seq: number }): boolean {
  return a.generation > b.generation || (a.generation === b.generation && a.seq > b.seq);
}

function isBusy(status: SessionStatus): boolean {
  return status === "submitted" || status === "streaming";
}
