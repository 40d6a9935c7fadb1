// Any number of pictures: cut into jobs, a few of which are in flight at a time, each result tied to its picture.

import * as check from './arguments.js';
import type { JobKind } from './callback-keys.js';
import type { Core } from './core.js';
import { ConfigError, fromNative, type ImageIntelligenceError, InvalidResponseError, translated } from './errors.js';
import type { Image, Images } from './images.js';
import type { WaitOptions } from './jobs.js';
import type { DetectImageResult, ImageResult, RecognizedImage } from './models.js';
import type { NativeItem, NativeProgress, NativeRun } from './native.js';
import { countOf, Pictures, picturesOf } from './pictures.js';
import {
  type AskOptions,
  type DetectOptions,
  givenOfAll,
  type MatchOptions,
  type RecognizeOptions,
  requestOf,
} from './requests.js';
import { LEAVE, STEP, Steps } from './steps.js';

/** How a run over any number of pictures goes. */
export interface AllOptions extends WaitOptions {
  /** How many pictures a job has at most, 1 to 64; 64 where it is not said. */
  batchSize?: number | undefined;
  /** How many jobs are in flight at most, 1 to 1000; 8 where it is not said. Those count whose results are not all taken. */
  concurrency?: number | undefined;
  /** Gives results in the order of the pictures, and not as they come. One slow job then holds the others up. */
  ordered?: boolean | undefined;
  /**
   * Is told whenever the run has come further. What it throws ends the run, and so does a promise of its that rejects. Such
   * a promise holds no result up, and only the end of the run waits for it.
   */
  onProgress?: ((progress: Progress) => void) | undefined;
  /**
   * A file to write down in what was sent. Where it is there already, the run goes on from it: with the same pictures and
   * options no picture is sent twice, and every result is given, those of the first run too.
   */
  manifest?: string | undefined;
  /** How long each job is waited for, in milliseconds; 15 minutes where it is not said. */
  timeout?: number | undefined;
  /** Ends the run as `break` does, and the loop with an `AbortError`. */
  signal?: AbortSignal | undefined;
}

/** The options of `client.detectAll`. */
export type DetectAllOptions = Omit<DetectOptions, 'images' | 'customId'> & AllOptions;
/** The options of `client.matchAll`. */
export type MatchAllOptions = Omit<MatchOptions, 'images' | 'customId'> & AllOptions;
/** The options of `client.askAll`. */
export type AskAllOptions = Omit<AskOptions, 'images' | 'customId'> & AllOptions;
/** The options of `client.recognizeAll`. */
export type RecognizeAllOptions = Omit<RecognizeOptions, 'images' | 'customId'> & AllOptions;

/** The options for any number of pictures, of each kind of job. */
export interface AllOptionsOf {
  detect: DetectAllOptions;
  match: MatchAllOptions;
  ask: AskAllOptions;
  recognize: RecognizeAllOptions;
}

/** What the service says of one picture, in each kind of job. */
export interface ImageResultOf {
  detect: DetectImageResult;
  match: ImageResult;
  ask: ImageResult;
  recognize: RecognizedImage;
}

/** What is known of a picture in any case. */
interface About<Source> {
  /** Its place among the pictures, from 0. */
  index: number;
  /** The very thing that was passed in. */
  source: Source;
  /** The name that you gave it. */
  customId: string | undefined;
  /** The job that it was in, where there is one. */
  jobId: string | undefined;
  /**
   * Whether its job names it as the answer: the picture that shows the target, or for which it is yes; of a detect job, the
   * picture chosen for a class. A job names one picture, so with many pictures a job others may show the same.
   */
  chosen: boolean;
}

/** What became of one picture: where it is `ok` there is a result, and else an error. */
export type Item<Kind extends JobKind = JobKind, Source = Image> = About<Source> &
  (
    | { ok: true; result: ImageResultOf[Kind]; error: undefined }
    /** There is a result where the service says that it could not look at the picture. */
    | { ok: false; result: ImageResultOf[Kind] | undefined; error: ImageIntelligenceError }
  );

/** How far a run has come, in pictures. */
export interface Progress {
  /** How many there are, where that can be told beforehand: of an array, a Set. */
  total: number | undefined;
  /** Those that have a result. */
  done: number;
  /** Those that have an error. */
  failed: number;
  /** Those that were submitted and have neither yet. */
  inFlight: number;
  /** The jobs that were submitted, or taken up again. */
  jobs: number;
  /** How long the run has lasted, in milliseconds. */
  elapsed: number;
}

const OPTIONS = ['batchSize', 'concurrency', 'ordered', 'onProgress', 'manifest', 'timeout', 'signal'];

/**
 * The results of any number of pictures, for one `for await`. Nothing is pulled or sent but when a result is asked for, so
 * whoever takes results slowly is sent no more of them than he takes.
 */
export class All<Kind extends JobKind = JobKind, Source extends Image = Image> extends Steps<Item<Kind, Source>> {
  readonly #run: NativeRun;
  readonly #pictures: Pictures<Source>;
  readonly #signal: AbortSignal | undefined;
  readonly #onProgress: ((progress: Progress) => void) | undefined;
  #told = '0 0 0 0';
  /** What `onProgress` promised has come. */
  #heard: Promise<unknown> = Promise.resolve();
  /** What a promise of `onProgress` was rejected with. */
  #wrong: { of: unknown } | undefined;

  /** @internal */
  constructor(core: Core, kind: Kind, images: Images<Source>, options: AllOptionsOf[Kind]) {
    super(core);
    const given = givenOfAll(kind, `${kind}All`, options, OPTIONS);
    const total = countOf(picturesOf(images));
    const { namespace, json, deliver } = requestOf(kind, given);
    const settings = {
      batchSize: check.count(given.batchSize, 'batchSize', ConfigError),
      concurrency: check.count(given.concurrency, 'concurrency', ConfigError),
      ordered: check.flag(given.ordered, 'ordered') ?? false,
      manifest: check.path(given.manifest, 'manifest'),
      timeout: check.milliseconds(given.timeout, 'timeout', 0),
      total,
      deliver,
    };
    this.#signal = check.signal(given.signal);
    this.#onProgress = check.callable<Progress>(given.onProgress, 'onProgress');
    const client = core.open();
    this.#run = translated(() => client.run(kind, namespace, json, settings));
    this.#pictures = new Pictures(images, this.#run);
  }

  /** How far it has come. */
  get progress(): Progress {
    return progressOf(this.#run.progress());
  }

  /** The resume tokens of the jobs that were submitted and whose results have not all been taken, also after a `break`. */
  get inFlight(): string[] {
    return this.#run.inFlight();
  }

  /**
   * Pulls and sends no more. What is in flight is still given; what was pulled and not sent comes as an `AbortError`.
   */
  stop(): void {
    this.#run.stop();
    this.#pictures.stop();
  }

  /** @internal */
  async [STEP](): Promise<Item<Kind, Source> | undefined> {
    for (;;) {
      this.#check();
      const step = await this.core.run<NativeItem | number | undefined>(this.#signal, (client) =>
        client.step(this.#run),
      );
      this.#check();
      this.#tell();
      if (step === undefined) break;
      if (typeof step !== 'number') return this.#item(step);
      if (step > 0) this.#pictures.want(step);
    }
    await this.#heard;
    this.#check();
    await this.#pictures.close();
    if (this.#pictures.failure) throw this.#pictures.failure.of;
    return undefined;
  }

  /** @internal */
  async [LEAVE](): Promise<void> {
    this.#run.leave();
    // Whoever left waits for no promise of theirs.
    this.#heard = Promise.resolve();
    await this.#pictures.close();
  }

  #item({ index, chosen, customId, jobId, json, error }: NativeItem): Item<Kind, Source> {
    const { source, failure } = this.#pictures.take(index);
    const result = json === undefined ? undefined : (JSON.parse(json) as ImageResultOf[Kind]);
    const about = { index, source, customId, jobId, chosen };
    if (result !== undefined && error === undefined) return { ...about, ok: true, result, error };
    const why = (failure ?? (error ? fromNative(error) : new InvalidResponseError(NOTHING))) as ImageIntelligenceError;
    return { ...about, ok: false, result, error: why };
  }

  #tell(): void {
    if (!this.#onProgress) return;
    const progress = this.progress;
    const { done, failed, inFlight, jobs } = progress;
    const told = `${done} ${failed} ${inFlight} ${jobs}`;
    if (told === this.#told) return;
    this.#told = told;
    this.#hear(this.#onProgress(progress));
  }

  /** An async function is a function: where nobody looked at its promise, a rejection would end the process. */
  #hear(given: unknown): void {
    if (typeof (given as PromiseLike<unknown> | undefined)?.then !== 'function') return;
    const heard = Promise.resolve(given).catch((failure) => {
      this.#wrong ??= { of: failure };
      // A step that is under way ends.
      this.#run.leave();
    });
    const before = this.#heard;
    this.#heard = heard.then(() => before);
  }

  #check(): void {
    if (this.#wrong) throw this.#wrong.of;
  }
}

const NOTHING = 'there is no result of this picture';

function progressOf({ total, done, failed, inFlight, jobs, elapsed }: NativeProgress): Progress {
  return { total: total ?? undefined, done, failed, inFlight, jobs, elapsed };
}
