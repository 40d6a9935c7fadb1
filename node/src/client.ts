// The client: what a program holds one of.

import {
  All,
  type AskAllOptions,
  type DetectAllOptions,
  type MatchAllOptions,
  type RecognizeAllOptions,
} from './all.js';
import * as check from './arguments.js';
import { type AsCompleted, asCompleted, track } from './as-completed.js';
import type { JobKind } from './callback-keys.js';
import { Calls } from './calls.js';
import { type CallOptions, Core, signalOf } from './core.js';
import { ConfigError, ResumeTokenError, translated } from './errors.js';
import { Feedbacks, type Registration, type RegistrationOptions, register } from './feedback.js';
import type { Image, Images } from './images.js';
import {
  type AnyHandle,
  type AskHandle,
  type AskJobs,
  type DetectHandle,
  type DetectJobs,
  JobHandle,
  Jobs,
  type MatchHandle,
  type MatchJobs,
  type RecognizeHandle,
  submit,
  type WaitOptions,
} from './jobs.js';
import { listen } from './log.js';
import { native } from './native.js';
import { type Receiver, receiverOf } from './receiver.js';
import { Recognition } from './recognition.js';
import { forget, type Recovered, recover } from './recovery.js';
import type { AskOptions, DetectOptions, MatchOptions, RecognizeOptions } from './requests.js';

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
  /**
   * How many requests a second all waits of this client share, once more than a few jobs are open; 2 where it is not said.
   * More of them bring results sooner.
   */
  requestsPerSecond?: number | undefined;
  /**
   * A file in which every submit is written down before it leaves, so that after a crash `client.recover()` knows what became
   * of it. One client at a time writes to it.
   */
  journal?: string | undefined;
  /**
   * A receiver of webhooks: from here on every job brings its own callback URL and is written down in the inbox before it is
   * sent, and a wait takes whichever comes first.
   */
  webhooks?: Receiver | undefined;
  /** Allows `http://` to another machine. Everybody on the way can read the token. */
  allowPlainHttp?: boolean | undefined;
}

const CLIENT_OPTIONS = [
  'clientId',
  'clientSecret',
  'baseUrl',
  'requestTimeout',
  'requestsPerSecond',
  'journal',
  'webhooks',
  'allowPlainHttp',
];

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
  /** Match jobs that were made before. */
  readonly matchJobs: MatchJobs;
  /** Ask jobs that were made before. */
  readonly askJobs: AskJobs;
  /** Feedback about detect jobs. */
  readonly feedback: Feedbacks;

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
      requestsPerSecond: check.rate(given.requestsPerSecond, 'requestsPerSecond', ConfigError),
      journal: check.path(given.journal, 'journal'),
      allowPlainHttp: check.flag(given.allowPlainHttp, 'allowPlainHttp', ConfigError) ?? false,
    };
    const { webhooks } = given;
    const receiver = webhooks === undefined || webhooks === null ? undefined : receiverOf(webhooks, 'webhooks');
    const calls = new Calls();
    listen();
    this.#core = new Core(
      calls,
      translated(() => new native.Client(settings, calls.deliver, receiver)),
    );
    this.detectJobs = new Jobs(this.#core, 'detect');
    this.matchJobs = new Jobs(this.#core, 'match');
    this.askJobs = new Jobs(this.#core, 'ask');
    this.feedback = new Feedbacks(this.#core);
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
    return submit(this.#core, 'detect', options, call);
  }

  /** Asks which of the pictures shows a target: this one of a class. It is sent as `detect` is. */
  async match(options: MatchOptions, call: CallOptions = {}): Promise<MatchHandle> {
    return submit(this.#core, 'match', options, call);
  }

  /** Asks a question about the pictures, to be answered with yes or no. It is sent as `detect` is. */
  async ask(options: AskOptions, call: CallOptions = {}): Promise<AskHandle> {
    return submit(this.#core, 'ask', options, call);
  }

  /** Looks for faces, and for whose they are among the identities of a namespace. It is sent as `detect` is. */
  async recognize(options: RecognizeOptions, call: CallOptions = {}): Promise<RecognizeHandle> {
    return submit(this.#core, 'recognize', options, call);
  }

  /**
   * Asks which classes of objects are in any number of pictures: of an array, a generator, a stream. They are cut into jobs,
   * of which a few are in flight at a time; pictures are pulled, and files read, as results are taken. Results come as they
   * are there, each with its `source`, the very thing that was passed in; what goes wrong with a picture is its `error`.
   *
   * ```ts
   * async function* pictures() {
   *   for await (const { name } of await opendir('cameras')) yield { path: join('cameras', name) };
   * }
   * for await (const item of client.detectAll(pictures(), { classes: ['person'] })) {
   *   console.log(item.source.path, item.ok ? item.result.objects : item.error.message);
   * }
   * ```
   *
   * `break` sends no more and closes the source; what was submitted goes on, and `inFlight` has its resume tokens. Where the
   * source throws, the results of the pictures that it gave come first, and then the loop throws the same.
   *
   * Throws an `InvalidRequestError` for what every job would be refused for, and a `ConfigError` for a wrong setting. An error
   * that every further job would meet (`AuthenticationError`, `PermissionDeniedError`) is that of each picture which is
   * left, where their number is known; else the source is read no further.
   */
  detectAll<Source extends Image>(images: Images<Source>, options: DetectAllOptions): All<'detect', Source> {
    return new All(this.#core, 'detect', images, options);
  }

  /** Asks of any number of pictures which show a target, as `detectAll` does: its job names one picture, which is `chosen`. */
  matchAll<Source extends Image>(images: Images<Source>, options: MatchAllOptions): All<'match', Source> {
    return new All(this.#core, 'match', images, options);
  }

  /** Asks a question about any number of pictures, as `detectAll` does: a picture for which it is yes is `chosen`. */
  askAll<Source extends Image>(images: Images<Source>, options: AskAllOptions): All<'ask', Source> {
    return new All(this.#core, 'ask', images, options);
  }

  /** Looks for faces in any number of pictures, as `detectAll` does. */
  recognizeAll<Source extends Image>(images: Images<Source>, options: RecognizeAllOptions): All<'recognize', Source> {
    return new All(this.#core, 'recognize', images, options);
  }

  /**
   * Waits for many jobs at once, of one kind or several, and gives each when it ends. They share their requests, so this
   * costs far less than a wait for each.
   *
   * ```ts
   * for await (const { job, ok, result, error } of client.asCompleted(handles, { timeout: 60_000 })) {
   *   console.log(job.id, ok ? result.status : error.message);
   * }
   * ```
   *
   * What `job.wait()` would reject with is that job's `error`; only an abort, or `close()`, ends the loop with an error.
   */
  asCompleted<Kind extends JobKind>(jobs: Iterable<JobHandle<Kind>>, options: WaitOptions = {}): AsCompleted<Kind> {
    return asCompleted(this.#core, jobs, options);
  }

  /**
   * The same with resume tokens: `client.track(run.inFlight)`. For the type of one kind, take them up first:
   * `client.asCompleted(tokens.map((token) => client.resume(token, 'detect')))`.
   *
   * Throws a `ResumeTokenError` as `resume` does.
   */
  track(tokens: Iterable<string> & object, options: WaitOptions = {}): AsCompleted {
    return track(this.#core, tokens, options);
  }

  /**
   * Takes up a job again by its resume token, in this process or another. Nothing is sent yet. The handle is of the token's
   * own kind; say which you expect, and it is that one: `client.resume(token, 'detect')`.
   *
   * Throws a `ResumeTokenError` where the token is malformed, of another API, or of another kind than was expected.
   */
  resume(token: string): AnyHandle;
  resume<Kind extends JobKind>(token: string, kind: Kind): JobHandle<Kind>;
  resume(token: string, kind?: JobKind): JobHandle {
    const core = this.#core;
    const given = check.needed(token, 'token', 'a resume token');
    const wanted = check.text(kind, 'kind');
    const job = translated(() => core.open().resume(given));
    if (wanted !== undefined && job.kind !== wanted) {
      throw new ResumeTokenError(`resume token: it is of a job to ${job.kind}, not to ${wanted}`);
    }
    return new JobHandle(core, job);
  }

  /**
   * What became of every submit of earlier processes that was cut off, or whose result nobody took: the oldest first, as the
   * `journal` has them. What left and had no answer is searched for, for 30 s at most; nothing is sent again. Each comes at
   * every start until it is forgotten or its result is taken.
   *
   * ```ts
   * const client = new ImageIntelligence({ journal: 'submits.jsonl' });
   * for (const submit of await client.recover()) {
   *   if (submit.outcome === 'accepted') await client.resume(submit.resumeToken).wait();
   *   else console.log(`${submit.customId}: ${submit.outcome === 'not_sent' ? 'send it again' : submit.message}`);
   *   await client.forget(submit);
   * }
   * ```
   *
   * Rejects with a `ConfigError` where the client keeps no journal.
   */
  async recover(options: CallOptions = {}): Promise<Recovered[]> {
    return recover(this.#core, options);
  }

  /** Takes a submit out of the journal: it is dealt with. One that is not there is forgotten already. */
  async forget(submit: Recovered, options: CallOptions = {}): Promise<void> {
    return forget(this.#core, submit, options);
  }

  /** What the service keeps of faces in a namespace, which keeps one user's apart from another's: at most 128 characters. */
  recognition(namespace: string): Recognition {
    return new Recognition(this.#core, check.needed(namespace, 'namespace'));
  }

  /**
   * Has the events of this application posted to a URL: whenever somebody becomes known, or what is known of them changes.
   * There is one such webhook for each application, and it cannot be taken back. It is sent once: where the answer is lost,
   * the error is an `OutcomeUnknownError`.
   */
  async registerWebhook(options: RegistrationOptions, call: CallOptions = {}): Promise<Registration> {
    return register(this.#core, options, call);
  }

  /**
   * The bytes of a picture that an answer names, by its `proxyUrl` or the `url` of a face. It is fetched without the token;
   * only by https, and only from a public address (from this machine, too, where the API is on it). At most 32 MiB.
   */
  async image(url: string | URL, options: CallOptions = {}): Promise<Uint8Array> {
    const given = url instanceof URL ? url.href : check.needed(url, 'url', 'a URL');
    return this.#core.call<Uint8Array>('image', { url: given }, signalOf(options, 'image'));
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
