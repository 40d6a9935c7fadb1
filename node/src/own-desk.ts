// The desk of a handler without an inbox. What is let through is the native side's to say, as for a receiver.

import * as check from './arguments.js';
import { nativeKeys } from './callback-keys.js';
import { Admission, type Desk } from './desk.js';
import { ConfigError, translated } from './errors.js';
import { type NativeAnswer, type NativeGate, type NativePassed, native } from './native.js';
import { eventOf, secretsOf, type WebhookEvent } from './webhooks.js';

type OnEvent = (event: WebhookEvent) => unknown;

/** Judges webhooks, and hands each to a function. */
export class OwnDesk implements Desk {
  readonly #gate: NativeGate;
  readonly #onEvent: OnEvent;

  private constructor(gate: () => NativeGate, onEvent: OnEvent) {
    this.#gate = translated(gate);
    this.#onEvent = onEvent;
  }

  /** For jobs, each of which comes to a URL of its own. */
  static ofKeys(keys: unknown, publicUrl: unknown, onEvent: OnEvent): OwnDesk {
    const given = typeof publicUrl === 'string' ? [publicUrl] : check.texts(publicUrl, 'publicUrl');
    const bases = given ?? check.refuse('publicUrl', publicUrl, 'a URL, or an array of them', ConfigError);
    const ring = nativeKeys(keys);
    return new OwnDesk(() => native.Gate.forJobs(ring, bases), onEvent);
  }

  /** For events of a registered webhook, which are signed. */
  static ofSecret(secret: unknown, allowSha1: unknown, onEvent: OnEvent): OwnDesk {
    const secrets = [secretsOf(secret)].flat();
    if (secrets.length === 0) {
      check.refuse('secret', secret, 'a secret (is the variable that should hold it set?)', ConfigError);
    }
    const sha1 = check.flag(allowSha1, 'allowSha1', ConfigError) ?? false;
    return new OwnDesk(() => native.Gate.forEvents(secrets, sha1), onEvent);
  }

  admit(method: string, path: string, headers: string[]): NativeAnswer | Admission {
    const passed = this.#gate.admit(method, path, headers);
    return 'status' in passed ? passed : new Passed(passed, this.#onEvent);
  }
}

class Passed extends Admission<NativePassed> {
  readonly #onEvent: OnEvent;

  constructor(passed: NativePassed, onEvent: OnEvent) {
    super(passed);
    this.#onEvent = onEvent;
  }

  async finish(): Promise<NativeAnswer> {
    const { answer, event } = translated(() => this.native.finish());
    if (event) await this.#onEvent(eventOf(event.kind, event.raw, event.ascii, event.json) as WebhookEvent);
    return answer;
  }
}

/** Names and values, one after the other, as pairs. */
export function pairs(headers: string[]): [string, string][] {
  const list: [string, string][] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) list.push([headers[at]!, headers[at + 1]!]);
  return list;
}
