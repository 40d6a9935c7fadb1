// The inbox: what was received and is on the disk, until a handler is done with it.

import * as check from './arguments.js';
import { type CallbackKeys, type CallbackMasters, nativeKeys } from './callback-keys.js';
import { Calls } from './calls.js';
import type { CallOptions } from './core.js';
import { Deliveries, Delivery } from './delivery.js';
import { type Counts, type Entry, type EventState, entryOf, type NativeEntry, type Pruned } from './entries.js';
import { ConfigError } from './errors.js';
import { listen } from './log.js';
import { type NativeDelivery, type NativeInbox, native } from './native.js';
import type { DeliveredEvent } from './webhooks.js';

/** How an inbox is set up; every setting has a default that suits most. Times are in milliseconds. */
export interface InboxOptions {
  /**
   * For how long an event is a handler's own before its lease must be stretched, which happens by itself: when a process dies,
   * its events go to others after this. 60,000; from one second to one hour.
   */
  lease?: number | undefined;
  /**
   * For how long a handler may have an event. Then its lease is stretched no more, and after one more lease the event goes to
   * another. 15 minutes; up to 7 days.
   */
  handlerTimeout?: number | undefined;
  /** How often an event is handed out before it is put away as a dead letter. 12; from 1 to 1,000. */
  attempts?: number | undefined;
  /** After a failed attempt, a random pause up to this, which doubles with each attempt. 5,000. */
  retryPause?: number | undefined;
  /** No pause between attempts is longer. One hour; up to 7 days. */
  longestRetryPause?: number | undefined;
  /** For how long the body of an event is kept once it is done. 7 days. */
  pruneBodiesAfter?: number | undefined;
  /** For how long it is remembered that an event is done, so that a late webhook is known for a duplicate. 90 days. */
  pruneKeysAfter?: number | undefined;
  /**
   * How many events are leased at once, ahead of the calls that want them. 1; up to 1,000. More spare a commit for each event, but
   * each counts an attempt, should the process die.
   */
  prefetch?: number | undefined;
  /** For how long `close` waits for handlers that have an event. 25,000; up to one day. */
  shutdownTimeout?: number | undefined;
  /** The keys that callback URLs are made with; else those of `II_CALLBACK_KEYS`; else the inbox makes its own and keeps it. */
  callbackKeys?: CallbackKeys | CallbackMasters | undefined;
  /** Opens an inbox only where it exists, and leaves looking after the inbox to those that handle its events: for a tool. */
  existing?: boolean | undefined;
}

/** Which events are wanted: those that meet every condition that is given. */
export interface EntrySearch {
  /** Only in this state. */
  state?: EventState | undefined;
  /** Only of this kind. */
  kind?: DeliveredEvent['kind'] | undefined;
  /** Only of this job, by the service's name for it or our own rid. */
  job?: string | undefined;
  /** Only with a smaller number: the next page begins before the last event of this one. */
  before?: number | undefined;
  /** At most so many: 100. */
  limit?: number | undefined;
}

const TIMES = [
  'lease',
  'handlerTimeout',
  'retryPause',
  'longestRetryPause',
  'pruneBodiesAfter',
  'pruneKeysAfter',
  'shutdownTimeout',
] as const;
const OPTIONS = [...TIMES, 'attempts', 'prefetch', 'callbackKeys', 'existing'];
const SEARCH = ['state', 'kind', 'job', 'before', 'limit'];

/** What an inbox and everything that comes from it share. @internal */
export class InboxCore {
  readonly #calls = new Calls();
  readonly native: NativeInbox = new native.Inbox(this.#calls.deliver);

  run<T>(signal: AbortSignal | undefined, start: (inbox: NativeInbox) => number): Promise<T> {
    return this.#calls.run<T>(this.native, signal, () => start(this.native));
  }
}

/** What an inbox stands on. @internal */
export let coreOf: (inbox: unknown) => InboxCore;

/**
 * Events that are on the disk, each until a handler is done with it.
 *
 * ```ts
 * const inbox = await Inbox.open('inbox.db');
 * const receiver = await Receiver.listen(inbox, { publicUrl: 'https://hooks.acme.com/ii', address: '0.0.0.0:8443' });
 * const client = new ImageIntelligence({ webhooks: receiver });
 * for await (const delivery of inbox) {
 *   if (delivery.event.kind === 'detect') await alarm(delivery.event.job);
 *   await delivery.ack();
 * }
 * ```
 *
 * Any number of loops and processes may take from it: each event is in one handler's hands at a time. It is handed out again
 * where a handler fails, where its process dies, and where it takes too long; so handlers run at least once, and an effect that
 * must not happen twice goes by `delivery.idempotencyKey`.
 *
 * An inbox from which nothing is awaited does not keep the process alive; a loop over it does.
 */
export class Inbox implements AsyncIterable<Delivery> {
  readonly #core: InboxCore;
  #closed: Promise<void> | undefined;

  static {
    coreOf = (inbox) => {
      if (typeof inbox === 'object' && inbox !== null && #core in inbox) return inbox.#core;
      return check.refuse(
        'inbox',
        inbox,
        'an Inbox that came the same way as its user (import or require)',
        ConfigError,
      );
    };
  }

  private constructor(core: InboxCore) {
    this.#core = core;
  }

  /**
   * Opens the inbox in a file of this machine; where it does not exist yet, it is made.
   *
   * Rejects with a `ConfigError` where a setting is wrong, with a `StoreError` where the file cannot be opened.
   */
  static async open(path: string, options: InboxOptions = {}): Promise<Inbox> {
    const target = check.path(check.needed(path, 'path', 'the path of a file', ConfigError), 'path')!;
    const given = check.options(options, 'Inbox.open', OPTIONS, ConfigError);
    const settings = {
      ...Object.fromEntries(TIMES.map((name) => [name, check.milliseconds(given[name], name, 0, ConfigError)])),
      attempts: check.count(given.attempts, 'attempts', ConfigError),
      prefetch: check.count(given.prefetch, 'prefetch', ConfigError),
      existing: check.flag(given.existing, 'existing', ConfigError) ?? false,
    };
    const { callbackKeys } = given;
    const keys = callbackKeys === undefined || callbackKeys === null ? undefined : nativeKeys(callbackKeys);
    listen();
    const core = new InboxCore();
    await core.run(undefined, (inbox) => inbox.open(target, settings, keys));
    return new Inbox(core);
  }

  /**
   * The next event for a handler, as soon as there is one; undefined once the inbox is closed. For handling several at once:
   * each call has an event of its own.
   *
   * Rejects with a `StoreError` where the database refuses for good, as after an error of the disk. Where it fails for a while
   * this waits.
   */
  async next(options: CallOptions = {}): Promise<Delivery | undefined> {
    const signal = check.signal(check.options(options, 'next', ['signal']).signal);
    const told = await this.#core.run<NativeDelivery | undefined>(signal, (inbox) => inbox.next());
    return told && new Delivery(this.#core, told);
  }

  /**
   * One event after the other, until the inbox is closed. Leaving the loop, by `break` or by an error, lets go of the delivery
   * that is in hand, where nothing was said of it: it is handed out again.
   */
  [Symbol.asyncIterator](): Deliveries {
    return new Deliveries((signal) => this.next({ signal }));
  }

  /** Events, newest first, without their bodies. */
  async list(search: EntrySearch = {}): Promise<Entry[]> {
    const given = check.options(search, 'list', SEARCH);
    const wanted = {
      state: check.text(given.state, 'state'),
      kind: check.text(given.kind, 'kind'),
      job: check.text(given.job, 'job'),
      before: check.integer(given.before, 'before'),
      limit: check.count(given.limit, 'limit'),
    };
    const list = await this.#core.run<NativeEntry[]>(undefined, (inbox) => inbox.list(wanted));
    return list.map((entry) => entryOf(entry));
  }

  /** One event and its body, by its number; undefined where there is none. */
  async show(seq: number): Promise<Entry | undefined> {
    const number = seqOf(seq, 'seq');
    type Found = [NativeEntry, Uint8Array | undefined] | undefined;
    const found = await this.#core.run<Found>(undefined, (inbox) => inbox.entry(number));
    return found && entryOf(...found);
  }

  /**
   * Has events handled again that are done or dead letters, from their first attempt on. Gives how many: not those whose body
   * was pruned, nor those that wait for a handler anyway.
   */
  async replay(seqs: number | Iterable<number>): Promise<number> {
    const list = typeof seqs === 'number' ? [seqs] : listOf(seqs);
    return this.#core.run<number>(undefined, (inbox) => inbox.replay(list));
  }

  /** Has all dead letters handled again, from their first attempt on. Gives how many. */
  async replayDead(): Promise<number> {
    return this.#core.run<number>(undefined, (inbox) => inbox.replay(undefined));
  }

  /** How many events and jobs there are in each state. */
  async counts(): Promise<Counts> {
    return this.#core.run<Counts>(undefined, (inbox) => inbox.counts());
  }

  /** Takes away what is old enough, now; it happens by itself every hour. */
  async prune(): Promise<Pruned> {
    return this.#core.run<Pruned>(undefined, (inbox) => inbox.prune());
  }

  /**
   * Makes a new key for callback URLs, with which every receiver signs that is opened from now on. The former ones still check;
   * of more than four the oldest goes. Gives its number. Rejects with a `ConfigError` where the keys were given.
   */
  async addKey(): Promise<number> {
    return this.#core.run<number>(undefined, (inbox) => inbox.addKey());
  }

  /**
   * Closes the inbox: loops over it end, its receivers take nothing more, and what was not handed out goes back. Waits for the
   * handlers that have an event, up to `shutdownTimeout`; what is out after that is handed out again.
   */
  async close(): Promise<void> {
    this.#closed ??= this.#core.run<void>(undefined, (inbox) => inbox.close());
    return this.#closed;
  }

  /** As `close`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function seqOf(value: unknown, field: string): number {
  return check.integer(value, field) ?? check.refuse(field, value, 'the number of an event');
}

function listOf(seqs: unknown): number[] {
  if (typeof seqs !== 'object' || seqs === null || !(Symbol.iterator in seqs)) {
    return check.refuse('seqs', seqs, 'the numbers of events');
  }
  return Array.from(seqs as Iterable<unknown>, (seq, index) => seqOf(seq, `seqs[${index}]`));
}
