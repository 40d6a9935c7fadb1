// What comes one by one, each when it is there: for `for await`.

import type { Core } from './core.js';

// What a subclass does is nobody's to call.
/** @internal */
export const STEP = Symbol('step');
/** @internal */
export const LEAVE = Symbol('leave');

const DONE = { done: true, value: undefined } as const;

/** Things that come one by one: to be walked over once. Of calls of `next` that overlap each gets its own. */
export abstract class Steps<T> implements AsyncIterableIterator<T> {
  /** @internal */
  protected readonly core: Core;
  #last: Promise<unknown> = Promise.resolve();
  #over = false;

  /** @internal */
  constructor(core: Core) {
    this.core = core;
  }

  /** What comes next; undefined after the last. @internal */
  abstract [STEP](): Promise<T | undefined>;

  /** Gives up the rest: a step that is under way ends. @internal */
  abstract [LEAVE](): Promise<void>;

  /** The next that is there. `for await` calls it. */
  next(): Promise<IteratorResult<T, undefined>> {
    const next = this.#last.then(() => this.#next());
    this.#last = next.catch(() => undefined);
    return next;
  }

  /** Gives up the rest, as `break` does; jobs that were submitted go on. */
  async return(): Promise<IteratorReturnResult<undefined>> {
    if (!this.#over) {
      this.#over = true;
      await this[LEAVE]();
    }
    return DONE;
  }

  async #next(): Promise<IteratorResult<T, undefined>> {
    if (this.#over) return DONE;
    try {
      const value = await this[STEP]();
      if (value !== undefined) return { done: false, value };
      this.#over = true;
      return DONE;
    } catch (failure) {
      // As a loop does not call `return` then. What goes wrong in it is not what went wrong first.
      await this.return().catch(() => undefined);
      throw failure;
    }
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** As `return`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}
