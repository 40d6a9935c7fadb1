// Jobs: the handles of those that were submitted, and those that were made before.

import * as check from './arguments.js';
import type { JobKind } from './callback-keys.js';
import { type CallOptions, type Core, signalOf } from './core.js';
import { InvalidRequestError } from './errors.js';
import { nativeImages } from './images.js';
import type { AskJob, DetectJob, MatchJob, RecognizeJob } from './models.js';
import type { NativeJob } from './native.js';
import { givenOf, type OptionsOf, requestOf } from './requests.js';

/** The job of each kind. */
export interface JobOf {
  detect: DetectJob;
  match: MatchJob;
  ask: AskJob;
  recognize: RecognizeJob;
}

/** How long to wait. */
export interface WaitOptions extends CallOptions {
  /**
   * At most so many milliseconds; 15 minutes where it is not said. There is always one last look at the deadline, which
   * may take up to 5 s more.
   */
  timeout?: number | undefined;
}

export const DEFAULT_WAIT = 15 * 60_000;

/** What a handle stands on, for a client of the same API. */
export let nativeJob: (handle: unknown, core: Core, field: string) => NativeJob;

/** A job that was submitted: a handle to wait with. Dropping it, or a wait on it, never cancels the job. */
export class JobHandle<Kind extends JobKind = JobKind> {
  readonly #core: Core;
  readonly #job: NativeJob;
  /** What the job does. */
  readonly kind: Kind;
  /** The service's name for the job. */
  readonly id: string;
  /** The name that the job was given, by you or by us; undefined where it was resumed. */
  readonly customId: string | undefined;
  /** When the job was made, by the service's clock. */
  readonly createdAt: Date;
  /** A line of text with which `client.resume(..)` takes the job up again, in any process and any language. */
  readonly resumeToken: string;

  static {
    nativeJob = (handle, core, field) => {
      if (typeof handle !== 'object' || handle === null || !(#job in handle)) {
        return check.refuse(field, handle, 'a handle of a job');
      }
      if (handle.#core.baseUrl === core.baseUrl) return handle.#job;
      throw new InvalidRequestError(`${field}: a job of ${handle.#core.baseUrl} given, one of ${core.baseUrl} wanted`);
    };
  }

  /** @internal */
  constructor(core: Core, job: NativeJob) {
    this.#core = core;
    this.#job = job;
    this.kind = job.kind as Kind;
    this.id = job.id;
    this.customId = job.customId ?? undefined;
    this.createdAt = new Date(job.createdAt);
    this.resumeToken = job.resumeToken;
  }

  /** The job as it is now, done or not. */
  async get(options: CallOptions = {}): Promise<JobOf[Kind]> {
    return this.#core.run<JobOf[Kind]>(signalOf(options, 'get'), (client) => client.look(this.#job));
  }

  /**
   * Waits until the job is done. A job that ended with errors is a result.
   *
   * Rejects with a `WaitTimeoutError`, which carries a resume token; with an `AbortError` where the signal was aborted;
   * with a `JobLostError` where the API no longer knows the job. A reset, a 503 or a 429 does not end a wait.
   */
  async wait(options: WaitOptions = {}): Promise<JobOf[Kind]> {
    const { timeout, signal } = check.options(options, 'wait', ['timeout', 'signal']);
    const limit = check.milliseconds(timeout, 'timeout', 0) ?? DEFAULT_WAIT;
    return this.#core.run<JobOf[Kind]>(check.signal(signal), (client) => client.wait(this.#job, limit));
  }
}

/** The handle of a detect job. */
export type DetectHandle = JobHandle<'detect'>;
/** The handle of a match job. */
export type MatchHandle = JobHandle<'match'>;
/** The handle of an ask job. */
export type AskHandle = JobHandle<'ask'>;
/** The handle of a recognize job. */
export type RecognizeHandle = JobHandle<'recognize'>;
/** The handle of a job of any kind: its `kind` says of which. */
export type AnyHandle = DetectHandle | MatchHandle | AskHandle | RecognizeHandle;

export async function submit<Kind extends JobKind>(
  core: Core,
  kind: Kind,
  options: OptionsOf[Kind],
  call: CallOptions,
): Promise<JobHandle<Kind>> {
  const signal = signalOf(call, kind);
  const given = givenOf(kind, kind, options);
  const images = nativeImages(given.images);
  const { namespace, json, deliver } = requestOf(kind, given);
  const job = await core.run<NativeJob>(signal, (client) => client.job(kind, namespace, json, images, deliver));
  return new JobHandle(core, job);
}

/** Which jobs a search is after: every condition that is given must hold. */
export interface JobSearch {
  /** Your name for the job. */
  customId?: string | undefined;
  /** Which camera or source the pictures came from. */
  feedId?: string | undefined;
  /** Made before this moment: a Date, or UNIX time in milliseconds. */
  before?: Date | number | undefined;
  /** Made after this moment. */
  after?: Date | number | undefined;
}

const SEARCH = ['customId', 'feedId', 'before', 'after'];

/** Jobs of one kind that were made before: `client.detectJobs`. */
export class Jobs<Kind extends 'detect' | 'match' | 'ask'> {
  readonly #core: Core;
  readonly #kind: Kind;

  /** @internal */
  constructor(core: Core, kind: Kind) {
    this.#core = core;
    this.#kind = kind;
  }

  /** The job as it is now. Rejects with a `NotFoundError` where the API does not know it. */
  async get(id: string, options: CallOptions = {}): Promise<JobOf[Kind]> {
    const given = check.named(id, 'id', 'the id of a job');
    return this.#core.call<JobOf[Kind]>(`${this.#kind}.get`, { id: given }, signalOf(options, 'get'));
  }

  /**
   * The jobs that meet every condition, in no promised order. There is no paging: narrow with `after` and `before`. Whether
   * they include their bound is not promised, so let windows overlap and drop doubles by id.
   */
  async search(search: JobSearch = {}, options: CallOptions = {}): Promise<JobOf[Kind][]> {
    const given = check.options(search, 'search', SEARCH);
    const body = {
      customId: check.text(given.customId, 'customId'),
      feedId: check.text(given.feedId, 'feedId'),
      before: check.moment(given.before, 'before'),
      after: check.moment(given.after, 'after'),
    };
    return this.#core.call<JobOf[Kind][]>(`${this.#kind}.search`, { body }, signalOf(options, 'search'));
  }
}

/** Detect jobs that were made before. */
export type DetectJobs = Jobs<'detect'>;
/** Match jobs that were made before. */
export type MatchJobs = Jobs<'match'>;
/** Ask jobs that were made before. */
export type AskJobs = Jobs<'ask'>;
