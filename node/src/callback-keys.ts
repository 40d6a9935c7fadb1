// Callback tokens: the part of a webhook's URL that proves that we asked for it, since the sender cannot sign.

import * as check from './arguments.js';
import { ConfigError, translated } from './errors.js';
import { type NativeCallbackKeys, native } from './native.js';

/** The kinds of job. */
export type JobKind = 'detect' | 'match' | 'ask' | 'recognize';

/** What a callback token says. */
export interface CallbackToken {
  /** The kind of job that it was made for. */
  kind: JobKind;
  /** The request that it was made for: 32 hex digits. */
  rid: string;
  /** Until when it holds. */
  expires: Date;
  /** The number of the master that signed it. */
  keyId: number;
}

/** What a token is made of. */
export interface MintOptions {
  kind: JobKind;
  /** Until when it holds, to the second. */
  expires: Date;
  /** The request that it is for: 32 hex digits. */
  rid: string;
  /** The public URL under which the callbacks come in. */
  base: string;
}

/** Masters by their numbers. In a plain object the highest number is the last, in whatever order it is written. */
export type CallbackMasters = Readonly<Record<number, Uint8Array>> | Iterable<readonly [number, Uint8Array]> | string;

/** What a ring stands on, whether it was made before or is told by its masters. @internal */
export let nativeKeys: (keys: unknown) => NativeCallbackKeys;

/**
 * A ring of up to four masters of 32 random bytes by their numbers (0 to 255): the last one signs, and all verify.
 *
 * ```ts
 * const keys = new CallbackKeys({ 1: master });   // or the text that II_CALLBACK_KEYS holds: 1:BASE64,2:BASE64
 * const token = keys.mint({ kind: 'detect', expires, rid, base: 'https://hooks.example.com/ii' });
 * const webhookUrl = keys.callbackUrl(token, 'https://hooks.example.com/ii');
 * ```
 */
export class CallbackKeys {
  readonly #native: NativeCallbackKeys;

  static {
    nativeKeys = (keys) => {
      const made = typeof keys === 'object' && keys !== null && #native in keys;
      return made ? keys.#native : new CallbackKeys(keys as CallbackMasters).#native;
    };
  }

  /** Throws a `ConfigError` that says what is wrong with the ring. */
  constructor(masters: CallbackMasters) {
    if (typeof masters === 'string') {
      this.#native = translated(() => native.CallbackKeys.parse(masters));
      return;
    }
    if (typeof masters !== 'object' || masters === null) {
      check.refuse('masters', masters, '{ number: bytes }', ConfigError);
    }
    const pairs: Iterable<readonly [unknown, unknown]> = Symbol.iterator in masters ? masters : Object.entries(masters);
    const ids: number[] = [];
    const bytes: Uint8Array[] = [];
    for (const [id, master] of pairs) {
      const number = typeof id === 'string' && /^\d{1,3}$/.test(id) ? Number(id) : id;
      if (typeof number !== 'number' || !Number.isInteger(number) || number < 0 || number > 255) {
        throw new ConfigError(`masters: "${id}" given, a number from 0 to 255 wanted`);
      }
      if (!(master instanceof Uint8Array)) {
        check.refuse(`masters[${number}]`, master, 'a Uint8Array of 32 bytes', ConfigError);
      }
      ids.push(number);
      bytes.push(master);
    }
    this.#native = translated(() => new native.CallbackKeys(ids, bytes));
  }

  /** Makes a token with the last master. */
  mint(options: MintOptions): string {
    const { kind, expires, rid, base } = check.options(options, 'mint', ['kind', 'expires', 'rid', 'base']);
    const until = expires instanceof Date ? expires.getTime() : Number.NaN;
    if (Number.isNaN(until)) check.refuse('expires', expires, 'a Date');
    return translated(() =>
      this.#native.mint(check.needed(kind, 'kind'), until, check.needed(rid, 'rid'), check.needed(base, 'base')),
    );
  }

  /**
   * What a token says, where it was made by one of these keys for one of these bases and still holds. Throws a
   * `WebhookVerificationError` whose `reason` says which fault it was: answer every one of them with the same 404.
   */
  verify(token: string, bases: string | readonly string[], now: Date = new Date()): CallbackToken {
    const given = check.needed(token, 'token');
    const urls = basesOf(bases, 'bases');
    const at = now instanceof Date ? now.getTime() : Number.NaN;
    if (Number.isNaN(at)) check.refuse('now', now, 'a Date');
    const { kind, rid, expires, keyId } = translated(() => this.#native.verify(given, urls, at));
    return { kind: kind as JobKind, rid, expires: new Date(expires), keyId };
  }

  /** The URL in which a token stands: what to give to a job as its `webhookUrl`. */
  callbackUrl(token: string, base: string): string {
    const given = check.needed(token, 'token');
    const under = check.needed(base, 'base', 'a URL');
    return translated(() => native.callbackUrl(under, given));
  }
}

/** Public URLs as they were given: one, or an array. @internal */
export function basesOf(given: unknown, field: string): string[] {
  const urls = typeof given === 'string' ? [given] : given;
  if (!Array.isArray(urls)) return check.refuse(field, given, 'a URL, or an array of them');
  return Array.from(urls, (url, index) => check.needed(url, `${field}[${index}]`, 'a URL'));
}
