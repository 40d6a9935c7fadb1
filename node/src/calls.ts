// The calls of one client, or of one inbox, that are under way: each ends once, by its outcome, by its signal or by `close`.

import { defaultMaxListeners, getMaxListeners, setMaxListeners } from 'node:events';
import { aborted, ClosedError, fromNative } from './errors.js';

/** What the native side says of a call that is done; the numbers are those of bindings/node. */
const FAILED = 0;
const ONE = 1;
const MANY = 2;
const REGISTERED = 3;
const ENTRY = 5;

/** Whose calls these are. */
interface Caller {
  cancel(call: number): void;
}

interface Call {
  /** Kept from the garbage collector until the call ends, which would drop it. */
  native: Caller;
  resolve(value: unknown): void;
  reject(reason: unknown): void;
  signal: AbortSignal | undefined;
  onAbort: (() => void) | undefined;
}

/** What was sent of objects that were not made from the very text that came. */
const raws = new WeakMap<object, string>();

/**
 * A job, or whatever else was read, as the API sent it: with every field that this version does not know, and as odd as
 * it came. For a job that was read by its id this is mostly the job itself.
 */
export function rawJson(read: object): unknown {
  const raw = raws.get(read);
  return raw === undefined ? read : JSON.parse(raw);
}

export function parsed(json: string, raw: string | undefined): object {
  const read = JSON.parse(json);
  if (raw) raws.set(read, raw);
  return read;
}

function list(json: string, texts: string[]): object[] {
  const read: object[] = JSON.parse(json);
  for (const [index, raw] of texts.entries()) if (raw) raws.set(read[index]!, raw);
  return read;
}

/** The secret is there for whoever asks for it by its name, and for nothing that prints an object. */
function registered(json: string, secret: string | undefined): object {
  const read = JSON.parse(json);
  return secret === undefined ? read : Object.defineProperty(read, 'secretKey', { get: () => secret });
}

export class Calls {
  readonly #under = new Map<number, Call>();

  /** Takes outcomes from the native side. */
  readonly deliver = (outcomes: unknown[]): void => {
    for (let at = 0; at < outcomes.length; at += 4) {
      const call = this.#take(outcomes[at] as number);
      if (!call) continue;
      const value = outcomes[at + 2];
      const beside = outcomes[at + 3];
      switch (outcomes[at + 1]) {
        case FAILED:
          call.reject(value);
          break;
        case ONE:
          call.resolve(parsed(value as string, beside as string | undefined));
          break;
        case MANY:
          call.resolve(list(value as string, beside as string[]));
          break;
        case REGISTERED:
          call.resolve(registered(value as string, beside as string | undefined));
          break;
        case ENTRY:
          call.resolve([JSON.parse(value as string), beside]);
          break;
        default:
          call.resolve(value);
      }
    }
  };

  /** Starts a call and waits for its outcome. What it rejects with is made here, where the stack still names the caller. */
  async run<T>(native: Caller, signal: AbortSignal | undefined, start: () => number): Promise<T> {
    if (signal?.aborted) throw aborted(signal);
    if (signal) expectMany(signal);
    try {
      return await new Promise<T>((resolve, reject) => {
        const id = start();
        const call: Call = { native, resolve: resolve as Call['resolve'], reject, signal, onAbort: undefined };
        if (signal) {
          call.onAbort = () => {
            if (!this.#take(id)) return;
            native.cancel(id);
            reject(ABORTED);
          };
          signal.addEventListener('abort', call.onAbort, { once: true });
        }
        this.#under.set(id, call);
      });
    } catch (failure) {
      if (failure === ABORTED) throw aborted(signal!);
      if (failure === CLOSED) throw closed();
      throw fromNative(failure);
    }
  }

  /** Ends every call. */
  close(): void {
    for (const id of [...this.#under.keys()]) this.#take(id)?.reject(CLOSED);
  }

  #take(id: number): Call | undefined {
    const call = this.#under.get(id);
    if (!call) return undefined;
    this.#under.delete(id);
    if (call.onAbort) call.signal?.removeEventListener('abort', call.onAbort);
    return call;
  }
}

/** Many calls under one signal are no leak, of which Node warns from the eleventh listener on. */
function expectMany(signal: AbortSignal): void {
  try {
    if (getMaxListeners(signal) === defaultMaxListeners) setMaxListeners(Number.MAX_SAFE_INTEGER, signal);
  } catch {
    // No signal of Node's own, which so warns of nothing; or one of which its owner says that it may have any number.
  }
}

const ABORTED = Symbol('aborted');
const CLOSED = Symbol('closed');

export function closed(): ClosedError {
  return new ClosedError('this client was closed; make a new ImageIntelligence');
}
