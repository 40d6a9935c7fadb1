// The client: what a program holds one of, and the handles of its jobs.

import * as check from './arguments.js';
import { Calls, closed } from './calls.js';
import { classesOf } from './classes.js';
import { ConfigError, translated } from './errors.js';
import { type Image, nativeImages } from './images.js';
import type { DetectClass, DetectJob } from './models.js';
import { type NativeClient, type NativeJob, native } from './native.js';

/** How a client is set up. What is not given comes from the environment. */
export interface ClientOptions {
  /** Who asks; else `II_CLIENT_ID`. */
  clientId?: string | undefined;
  /** And the proof; else `II_CLIENT_SECRET`. Never printed. */
  clientSecret?: string | undefined;
  /** Where the API is; else `II_BASE_URL`, else the public one. */
  baseUrl?: string | undefined;
  /** How long one request may take, in milliseconds; 60,000 where it is not said. */
  requestTimeout?: number | undefined;
  /** Allows `http://` to another machine. Everybody on the way can read the token. */
  allowPlainHttp?: boolean | undefined;
}

/** What to look for, and where. */
export interface DetectOptions {
  /** 1 to 64 pictures. A string is a URL; a file is `{ path }`. */
  images: readonly Image[];
  /** The classes to look for: their names, or with settings. */
  classes: readonly (string | DetectClass)[];
  /** Your name for the job, at most 64 characters. */
  customId?: string | undefined;
  /** Which camera or source the pictures came from, at most 64 characters. */
  feedId?: string | undefined;
  /** Where the service posts the finished job: public, with no authentication in front. */
  webhookUrl?: string | undefined;
  /** Asks where in the picture each object is. A server may leave that out. */
  boundingBoxes?: boolean | undefined;
}

/** How a call may be cancelled. */
export interface CallOptions {
  /** Cancels the call, not the job: the promise rejects with an `AbortError`. */
  signal?: AbortSignal | undefined;
}

/** How long to wait. */
export interface WaitOptions extends CallOptions {
  /**
   * At most so many milliseconds; 15 minutes where it is not said. There is always one last look at the deadline, which
   * may take up to 5 s more.
   */
  timeout?: number | undefined;
}

const CLIENT_OPTIONS = ['clientId', 'clientSecret', 'baseUrl', 'requestTimeout', 'allowPlainHttp'];
const DETECT_OPTIONS = ['images', 'classes', 'customId', 'feedId', 'webhookUrl', 'boundingBoxes'];
const DEFAULT_WAIT = 15 * 60_000;

/**
 * Talks to one API. Keep one for the whole program: it holds the connections and the token.
 *
 * ```ts
 * const client = new ImageIntelligence();
 * const job = await client.detect({ images: [{ path: 'astronaut.jpg' }], classes: ['person'] });
 * const result = await job.wait({ timeout: 60_000 });
 * for (const hit of found(result, 'person')) console.log(customIdOrUrl(hit.image), hit.confidence);
 * ```
 *
 * A client with nothing under way does not keep the process alive; a wait does.
 */
export class ImageIntelligence {
  readonly #core: Core;
  /** Detect jobs that were made before. */
  readonly detectJobs: DetectJobs;

  /** Throws a `ConfigError` that says which setting is missing or wrong. Nothing is sent yet. */
  constructor(options: ClientOptions = {}) {
    const given = check.options(options, 'new ImageIntelligence', CLIENT_OPTIONS, ConfigError);
    const setting = (name: 'clientId' | 'clientSecret' | 'baseUrl', variable: string) =>
      // A variable that is empty counts as not set; what is given as empty is a mistake, and not passed over.
      check.text(given[name], name, ConfigError) ?? (process.env[variable] || undefined);
    const settings = {
      clientId: setting('clientId', 'II_CLIENT_ID'),
      clientSecret: setting('clientSecret', 'II_CLIENT_SECRET'),
      baseUrl: setting('baseUrl', 'II_BASE_URL'),
      requestTimeout: check.milliseconds(given.requestTimeout, 'requestTimeout', 1, ConfigError),
      allowPlainHttp: check.flag(given.allowPlainHttp, 'allowPlainHttp', ConfigError) ?? false,
    };
    const calls = new Calls();
    this.#core = new Core(
      calls,
      translated(() => new native.Client(settings, calls.deliver)),
    );
    this.detectJobs = new DetectJobs(this.#core);
  }

  /** Where the API is. */
  get baseUrl(): string {
    return this.#core.baseUrl;
  }

  /**
   * Asks which classes of objects are in the pictures, and gives a handle to wait with. The job is sent once: where its
   * answer is lost, the job is looked for for up to 30 s, and else the error is an `OutcomeUnknownError`.
   *
   * Rejects with an `InvalidRequestError` or `TooLargeError` before anything is sent; with what the API says.
   */
  async detect(options: DetectOptions, call: CallOptions = {}): Promise<DetectHandle> {
    const signal = signalOf(call, 'detect');
    const given = check.options(options, 'detect', DETECT_OPTIONS);
    const core = this.#core;
    const pictures = nativeImages(given.images);
    const request = JSON.stringify({
      images: [],
      classes: classesOf(given.classes),
      customId: check.text(given.customId, 'customId'),
      feedId: check.text(given.feedId, 'feedId'),
      webhookUrl: check.text(given.webhookUrl, 'webhookUrl'),
      boundingBox: check.flag(given.boundingBoxes, 'boundingBoxes'),
    });
    const job = await core.run<NativeJob>(signal, (client) => client.detect(request, pictures));
    return new DetectHandle(core, job);
  }

  /**
   * Takes up a job again by its resume token, in this process or another. Nothing is sent yet.
   *
   * Throws a `ResumeTokenError` where the token is malformed, of another API, or of another kind of job.
   */
  resume(token: string): DetectHandle {
    const core = this.#core;
    const given = check.needed(token, 'token', 'a resume token');
    return new DetectHandle(
      core,
      translated(() => core.open().resume(given)),
    );
  }

  /** Ends what is under way with a `ClosedError`, and lets the connections go. Jobs go on. */
  close(): void {
    this.#core.close();
  }

  /** The same, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  /** Only where the API is: nothing secret is ever printed. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `ImageIntelligence { baseUrl: '${this.baseUrl}' }`;
  }
}

/** Detect jobs that were made before: `client.detectJobs`. */
class DetectJobs {
  readonly #core: Core;

  /** @internal */
  constructor(core: Core) {
    this.#core = core;
  }

  /** The job as it is now. Rejects with a `NotFoundError` where the API does not know it. */
  async get(id: string, options: CallOptions = {}): Promise<DetectJob> {
    const given = check.text(id, 'id') || check.refuse('id', id, 'the id of a job');
    return this.#core.run<DetectJob>(signalOf(options, 'get'), (client) => client.getDetectJob(given));
  }
}

export type { DetectJobs };

/** A job that was submitted: a handle to wait with. Dropping it, or a wait on it, never cancels the job. */
export class DetectHandle {
  readonly #core: Core;
  readonly #job: NativeJob;
  /** The service's name for the job. */
  readonly id: string;
  /** The name that the job was given, by you or by us; undefined where it was resumed. */
  readonly customId: string | undefined;
  /** When the job was made, by the service's clock. */
  readonly createdAt: Date;
  /** A line of text with which `client.resume(..)` takes the job up again, in any process and any language. */
  readonly resumeToken: string;

  /** @internal */
  constructor(core: Core, job: NativeJob) {
    this.#core = core;
    this.#job = job;
    this.id = job.id;
    this.customId = job.customId ?? undefined;
    this.createdAt = new Date(job.createdAt);
    this.resumeToken = job.resumeToken;
  }

  /** The job as it is now, done or not. */
  async get(options: CallOptions = {}): Promise<DetectJob> {
    return this.#core.run<DetectJob>(signalOf(options, 'get'), (client) => client.look(this.#job));
  }

  /**
   * Waits until the job is done. A job that ended with errors is a result.
   *
   * Rejects with a `WaitTimeoutError`, which carries a resume token; with an `AbortError` where the signal was aborted;
   * with a `JobLostError` where the API no longer knows the job. A reset, a 503 or a 429 does not end a wait.
   */
  async wait(options: WaitOptions = {}): Promise<DetectJob> {
    const { timeout, signal } = check.options(options, 'wait', ['timeout', 'signal']);
    const limit = check.milliseconds(timeout, 'timeout', 0) ?? DEFAULT_WAIT;
    return this.#core.run<DetectJob>(check.signal(signal), (client) => client.wait(this.#job, limit));
  }
}

/** What a client and its handles share: the native client, until it is closed. */
class Core {
  readonly baseUrl: string;
  #native: NativeClient | undefined;

  constructor(
    private readonly calls: Calls,
    client: NativeClient,
  ) {
    this.#native = client;
    this.baseUrl = client.baseUrl;
  }

  open(): NativeClient {
    if (!this.#native) throw closed();
    return this.#native;
  }

  run<T extends DetectJob | NativeJob>(
    signal: AbortSignal | undefined,
    start: (client: NativeClient) => number,
  ): Promise<T> {
    const client = this.open();
    return this.calls.run<T>(client, signal, () => start(client));
  }

  close(): void {
    this.#native?.close();
    this.#native = undefined;
    this.calls.close();
  }
}

function signalOf(options: CallOptions, call: string): AbortSignal | undefined {
  return check.signal(check.options(options, call, ['signal']).signal);
}
