// Many jobs that are waited for at once, each given when it ends.

import * as check from './arguments.js';
import type { JobKind } from './callback-keys.js';
import { parsed } from './calls.js';
import type { Core } from './core.js';
import { fromNative, type ImageIntelligenceError, translated } from './errors.js';
import { DEFAULT_WAIT, JobHandle, type JobOf, nativeJob, type WaitOptions } from './jobs.js';
import type { NativeEnd, NativeEnds } from './native.js';
import { LEAVE, STEP, Steps } from './steps.js';

/** A job that has ended, or whose wait has: where it is `ok` there is a result, and else what `job.wait()` rejects with. */
export type Completed<Kind extends JobKind = JobKind> = Kind extends JobKind
  ? { job: JobHandle<Kind> } & (
      | { ok: true; result: JobOf[Kind]; error: undefined }
      | { ok: false; result: undefined; error: ImageIntelligenceError }
    )
  : never;

/** Many jobs, each given when it ends, for one `for await`. `break` ends the wait, and no job. */
export class AsCompleted<Kind extends JobKind = JobKind> extends Steps<Completed<Kind>> {
  readonly #jobs: readonly JobHandle<Kind>[];
  readonly #ends: NativeEnds;
  readonly #signal: AbortSignal | undefined;

  /** @internal */
  constructor(core: Core, call: string, jobs: readonly JobHandle<Kind>[], options: WaitOptions) {
    super(core);
    const { timeout, signal } = check.options(options, call, ['timeout', 'signal']);
    const limit = check.milliseconds(timeout, 'timeout', 0) ?? DEFAULT_WAIT;
    this.#signal = check.signal(signal);
    this.#jobs = jobs;
    const client = core.open();
    const handles = jobs.map((job, index) => nativeJob(job, core, `jobs[${index}]`));
    this.#ends = translated(() => client.ends(handles, limit));
  }

  /** @internal */
  async [STEP](): Promise<Completed<Kind> | undefined> {
    const end = await this.core.run<NativeEnd | undefined>(this.#signal, (client) => client.end(this.#ends));
    if (end === undefined) return undefined;
    const job = this.#jobs[end.place]!;
    const ended =
      end.error === undefined
        ? { job, ok: true, result: parsed(end.json!, end.raw), error: undefined }
        : { job, ok: false, result: undefined, error: fromNative(end.error) };
    return ended as Completed<Kind>;
  }

  /** @internal */
  async [LEAVE](): Promise<void> {
    this.#ends.leave();
  }
}

/** The jobs of handles. */
export function asCompleted<Kind extends JobKind>(
  core: Core,
  jobs: Iterable<JobHandle<Kind>>,
  options: WaitOptions,
): AsCompleted<Kind> {
  return new AsCompleted(core, 'asCompleted', listOf<JobHandle<Kind>>(jobs, 'jobs', 'handles'), options);
}

/** The jobs of resume tokens. */
export function track(core: Core, tokens: Iterable<string>, options: WaitOptions): AsCompleted {
  const client = core.open();
  const jobs = listOf<string>(tokens, 'tokens', 'resume tokens').map((token, index) => {
    const given = check.needed(token, `tokens[${index}]`, 'a resume token');
    return new JobHandle(
      core,
      translated(() => client.resume(given)),
    );
  });
  return new AsCompleted(core, 'track', jobs, options);
}

function listOf<T>(given: unknown, field: string, wanted: string): T[] {
  if (typeof given === 'string' || !(Symbol.iterator in (Object(given) as object))) {
    return check.refuse(field, given, `an array of ${wanted}`);
  }
  return [...(given as Iterable<T>)];
}
