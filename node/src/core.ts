// What a client and everything that comes from it share: the native client, until it is closed.

import * as check from './arguments.js';
import { type Calls, closed } from './calls.js';
import type { NativeClient } from './native.js';

/** How a call may be cancelled. */
export interface CallOptions {
  /** Cancels the call, not the job: the promise rejects with an `AbortError`. */
  signal?: AbortSignal | undefined;
}

export class Core {
  readonly baseUrl: string;
  readonly #calls: Calls;
  #native: NativeClient | undefined;

  constructor(calls: Calls, client: NativeClient) {
    this.#calls = calls;
    this.#native = client;
    this.baseUrl = client.baseUrl;
  }

  open(): NativeClient {
    if (!this.#native) throw closed();
    return this.#native;
  }

  run<T>(signal: AbortSignal | undefined, start: (client: NativeClient) => number): Promise<T> {
    const client = this.open();
    return this.#calls.run<T>(client, signal, () => start(client));
  }

  /** Makes the call of that name. Which there are, and what they take, is the native client's to say. */
  call<T>(name: string, args: object, signal: AbortSignal | undefined): Promise<T> {
    const json = JSON.stringify(args);
    return this.run<T>(signal, (client) => client.call(name, json));
  }

  close(): void {
    this.#native?.close();
    this.#native = undefined;
    this.#calls.close();
  }
}

export function signalOf(options: CallOptions | undefined, call: string): AbortSignal | undefined {
  return check.signal(check.options(options, call, ['signal']).signal);
}
