// The pictures of a run: pulled from the caller's own iterator when they are wanted, and never two at once.

import * as check from './arguments.js';
import { type Image, type Images, nativeImage } from './images.js';
import type { NativeImage, NativeRun } from './native.js';

/** What was passed in, and why it is no picture where it is none. */
interface Pulled<Source> {
  source: Source;
  failure: unknown;
}

/** Is refused in its place, so that what is no picture comes out where it came in. */
const NO_PICTURE: NativeImage = { url: '' };

export class Pictures<Source extends Image> {
  readonly #images: Images<Source>;
  readonly #run: NativeRun;
  readonly #pulled = new Map<number, Pulled<Source>>();
  #iterator: Iterator<Source> | AsyncIterator<Source> | undefined;
  #count = 0;
  #pulling = false;
  #within = false;
  #over = false;
  /** What the iterator threw. */
  failure: { of: unknown } | undefined;

  constructor(images: Images<Source>, run: NativeRun) {
    this.#images = images;
    this.#run = run;
  }

  /** Hands over up to so many pictures, at least one; or, where each has to be waited for, one when it is there. */
  want(most: number): void {
    if (this.#over) return;
    if (Symbol.asyncIterator in this.#images) void this.#pullLater(this.#images);
    else this.#pullNow(this.#images, most);
  }

  /** What a result is about. */
  take(index: number): Pulled<Source> {
    const pulled = this.#pulled.get(index);
    this.#pulled.delete(index);
    return pulled!;
  }

  /** Pulls no more, and tells the iterator so. */
  async close(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    // From within a generator: it is closed when it has given what it is about to.
    if (this.#within) return;
    const closed = this.#iterator?.return?.();
    // A generator that something is awaited in closes when that has come: which may be never.
    if (this.#pulling) Promise.resolve(closed).catch(() => undefined);
    else await closed;
  }

  /** The same, where nobody waits: what goes wrong is said at the end. */
  stop(): void {
    this.close().catch((failure) => {
      this.failure ??= { of: failure };
    });
  }

  #pullNow(images: Iterable<Source>, most: number): void {
    const pictures: NativeImage[] = [];
    this.#within = true;
    try {
      this.#iterator ??= images[Symbol.iterator]();
      const iterator = this.#iterator as Iterator<Source>;
      let { done, value } = iterator.next();
      while (!done) {
        pictures.push(this.#picture(value));
        if (this.#over || pictures.length === most) break;
        ({ done, value } = iterator.next());
      }
      if (done) this.#over = true;
      else if (this.#over) iterator.return?.();
    } catch (failure) {
      this.#failed(failure);
    }
    this.#within = false;
    if (pictures.length > 0) this.#run.feed(pictures);
    if (this.#over) this.#run.end();
  }

  async #pullLater(images: AsyncIterable<Source>): Promise<void> {
    this.#pulling = true;
    try {
      this.#iterator ??= images[Symbol.asyncIterator]();
      const { done, value } = await this.#iterator.next();
      if (this.#over) return;
      if (done) this.#over = true;
      else this.#run.feed([this.#picture(value)]);
    } catch (failure) {
      if (this.#over) return;
      this.#failed(failure);
    } finally {
      this.#pulling = false;
    }
    if (this.#over) this.#run.end();
  }

  #failed(failure: unknown): void {
    this.#over = true;
    this.failure = { of: failure };
  }

  #picture(source: Source): NativeImage {
    const index = this.#count;
    this.#count += 1;
    try {
      const picture = nativeImage(source, `images[${index}]`);
      this.#pulled.set(index, { source, failure: undefined });
      return picture;
    } catch (failure) {
      this.#pulled.set(index, { source, failure });
      return NO_PICTURE;
    }
  }
}

/** How many there will be, where that can be told beforehand. */
export function countOf(images: unknown): number | undefined {
  if (Array.isArray(images)) return images.length;
  return images instanceof Set ? images.size : undefined;
}

/** Any iterable but those that are one picture themselves. */
export function picturesOf<T>(images: T): T {
  const given = Object(images) as object;
  const iterable = Symbol.asyncIterator in given || Symbol.iterator in given;
  if (typeof images === 'string' || images instanceof Uint8Array || !iterable) {
    return check.refuse('images', images, 'an array or another iterable of pictures');
  }
  return images;
}
