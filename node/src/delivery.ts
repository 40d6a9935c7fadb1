// An event in a handler's hands.

import * as check from './arguments.js';
import { AbortError } from './errors.js';
import type { NativeDelivery, NativeHeld, NativeInbox, NativeSql } from './native.js';
import { type DeliveredEvent, eventOf } from './webhooks.js';

/** A value that is bound in a statement; undefined is NULL, too. */
export type SqlValue = null | undefined | boolean | number | string | Uint8Array;

/** A statement for `ackWith`, with `?1` and so on where its values go. */
export interface SqlStatement {
  sql: string;
  params?: readonly SqlValue[] | undefined;
}

interface Core {
  run<T>(signal: AbortSignal | undefined, start: (inbox: NativeInbox) => number): Promise<T>;
}

/**
 * An event, yours until you say what became of it: `ack`, `nack` or `bury`. Its lease is stretched by itself until the inbox's
 * `handlerTimeout`; then another handler gets it, and an `ack` rejects.
 *
 * Handlers run at least once. What makes an effect happen once: its `idempotencyKey`, or, where the effect is in the inbox's own
 * database, `ackWith`.
 */
export class Delivery {
  readonly #core: Core;
  readonly #held: NativeHeld;
  readonly #told: Pick<NativeDelivery, 'ascii' | 'json'>;
  #event: DeliveredEvent | undefined;
  #said = false;
  /** What it is: see `event`. */
  readonly kind: DeliveredEvent['kind'];
  /** The body, byte for byte: as it came or, once confirmed, as the API has it. */
  readonly raw: Uint8Array;
  /** The same at every attempt, in every process: what makes an effect happen once. */
  readonly idempotencyKey: string;
  /** The service's name for the job, where it is one. */
  readonly jobId: string | undefined;
  /** Our own name for the job, where it is one of ours: 32 hex digits. */
  readonly rid: string | undefined;
  /** How often it was handed out, this time too: 1 at the first. */
  readonly attempt: number;
  /** When it came, by the inbox's clock. */
  readonly receivedAt: Date;
  /** Whether it carried a signature, which was checked. */
  readonly signed: boolean;
  /** Its number in the inbox. */
  readonly seq: number;

  /** @internal */
  constructor(core: Core, told: NativeDelivery) {
    this.#core = core;
    this.#held = told.held;
    this.#told = told;
    this.kind = told.kind;
    this.raw = told.raw;
    this.idempotencyKey = told.idempotencyKey;
    this.jobId = told.jobId;
    this.rid = told.rid;
    this.attempt = told.attempt;
    this.receivedAt = new Date(told.receivedAt);
    this.signed = told.signed;
    this.seq = told.seq;
  }

  /**
   * What came: the job, the event of a registered webhook, or, as `gave_up`, that a job of ours will have no result. What cannot
   * be read is `unknown`, and its `raw` has the bytes.
   */
  get event(): DeliveredEvent {
    const { ascii, json } = this.#told;
    this.#event ??= eventOf(this.kind, this.raw, ascii, json);
    return this.#event;
  }

  /** Whether it is still yours, as far as is known here. `false`: stop, another handler has it or will. */
  get isHeld(): boolean {
    return !this.#said && this.#held.held;
  }

  /**
   * It is done. When this resolves, that is on the disk.
   *
   * Rejects with a `StoreError` where its lease had lapsed: then it is another handler's, or done by one.
   */
  async ack(): Promise<void> {
    await this.#say((inbox) => inbox.ack(this.#held, []));
  }

  /**
   * It is done, and the statements have been run in the very transaction that says so: an effect in the inbox's own database
   * happens exactly once. Where one of them fails, nothing is kept, and the event is handed out again.
   *
   * ```ts
   * await delivery.ackWith('INSERT INTO alarm (job, people) VALUES (?1, ?2)', [delivery.jobId, 3]);
   * ```
   *
   * Rejects as `ack` does, and with a `StoreError` where a statement fails.
   */
  async ackWith(sql: string, params?: readonly SqlValue[]): Promise<void>;
  async ackWith(statements: readonly SqlStatement[]): Promise<void>;
  async ackWith(given: string | readonly SqlStatement[], params?: readonly SqlValue[]): Promise<void> {
    const with_ = typeof given === 'string' ? [statementOf({ sql: given, params }, 'ackWith')] : statementsOf(given);
    await this.#say((inbox) => inbox.ack(this.#held, with_));
  }

  /**
   * It could not be handled: it is handed out again after a pause that grows with each attempt, or one of so many milliseconds;
   * or put away as a dead letter after the last. Why is kept for whoever looks into the inbox: a text, or an error.
   */
  async nack(why: unknown, options: { after?: number | undefined } = {}): Promise<void> {
    const { after } = check.options(options, 'nack', ['after']);
    const pause = check.milliseconds(after, 'after', 0);
    await this.#say((inbox) => inbox.nack(this.#held, wordsOf(why), pause));
  }

  /** It can never be handled: it is put away as a dead letter at once, from where `inbox.replay` fetches it. */
  async bury(why: unknown): Promise<void> {
    await this.#say((inbox) => inbox.bury(this.#held, wordsOf(why)));
  }

  /** Lets go of it where nothing was said: it is handed out again after a pause. For `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#said) this.#held.release();
    this.#said = true;
  }

  #say(start: (inbox: NativeInbox) => number): Promise<void> {
    return this.#core.run<void>(undefined, (inbox) => {
      const call = start(inbox);
      this.#said = true;
      return call;
    });
  }
}

/** One delivery after the other, for one `for await`. */
export class Deliveries implements AsyncIterableIterator<Delivery> {
  readonly #next: (signal: AbortSignal) => Promise<Delivery | undefined>;
  readonly #left = new AbortController();
  #inHand: Delivery | undefined;

  /** @internal */
  constructor(next: (signal: AbortSignal) => Promise<Delivery | undefined>) {
    this.#next = next;
  }

  /** The next delivery. `for await` calls it. */
  async next(): Promise<IteratorResult<Delivery, undefined>> {
    const { signal } = this.#left;
    if (signal.aborted) return DONE;
    try {
      this.#inHand = await this.#next(signal);
    } catch (failure) {
      if (signal.aborted && failure instanceof AbortError) return DONE;
      throw failure;
    }
    return this.#inHand ? { done: false, value: this.#inHand } : DONE;
  }

  /** Ends the loop, as `break` does, and lets go of the delivery in hand. */
  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#left.abort();
    await this.#inHand?.[Symbol.asyncDispose]();
    this.#inHand = undefined;
    return DONE;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

const DONE = { done: true, value: undefined } as const;

function statementsOf(given: unknown): NativeSql[] {
  if (!Array.isArray(given)) return check.refuse('ackWith', given, 'SQL, or an array of { sql, params }');
  return Array.from(given, (one, index) => statementOf(one, `statements[${index}]`));
}

function statementOf(given: unknown, field: string): NativeSql {
  if (typeof given !== 'object' || given === null) return check.refuse(field, given, '{ sql, params }');
  const { sql, params } = check.options(given as Record<string, unknown>, field, ['sql', 'params']);
  if (params !== undefined && params !== null && !Array.isArray(params)) {
    return check.refuse(`${field}.params`, params, 'an array of values');
  }
  const values = Array.from((params ?? []) as unknown[], (value, index) => boundOf(value, `params[${index}]`));
  return { sql: check.needed(sql, `${field}.sql`, 'a statement'), params: values };
}

function boundOf(value: unknown, field: string): Exclude<SqlValue, undefined> {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string') return check.needed(value, field);
  if (typeof value === 'boolean' || (typeof value === 'number' && !Number.isNaN(value))) return value;
  if (value instanceof Uint8Array) return value;
  return check.refuse(field, value, 'null, a boolean, a number, a string or a Uint8Array');
}

function wordsOf(why: unknown): string {
  if (why instanceof Error) return why.message.toWellFormed();
  return check.needed(why, 'why', 'a text or an Error');
}
