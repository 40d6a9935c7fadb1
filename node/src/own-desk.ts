// The desk of a handler without an inbox: the order of what is judged is that of a receiver.

import * as check from './arguments.js';
import type { CallbackKeys, JobKind } from './callback-keys.js';
import { ConfigError, InvalidWebhookError, WebhookVerificationError } from './errors.js';
import type { NativeAnswer } from './native.js';
import type { Admission, Desk } from './receiver.js';
import { parseWebhook, secretsOf, tokenOf, type WebhookEvent, type WebhookOptions } from './webhooks.js';

type OnEvent = (event: WebhookEvent) => unknown;

const MOST_BYTES = 4 << 20;
const PATIENCE = 3000;

const answer = (status: number, body: string, ...headers: string[]): NativeAnswer => ({
  status,
  headers: ['content-type', 'text/plain; charset=utf-8', ...headers],
  body,
});
const OK = answer(200, 'ok');
const UNREADABLE = answer(400, 'this is no webhook\n');
const UNSIGNED = answer(401, 'not signed as agreed\n', 'www-authenticate', 'X-Niro-Signature');
const NOT_FOUND = answer(404, 'not found\n');
const ONLY_POST = answer(405, 'POST is wanted\n', 'allow', 'POST');
const LATE_BODY = answer(408, 'the body did not come in time\n');
const TOO_LARGE = answer(413, 'the body is too large\n');
const ENCODED = answer(415, 'the body must come without a Content-Encoding\n');

/** Judges webhooks, and hands each to a function. */
export class OwnDesk implements Desk {
  readonly #how: (path: string) => WebhookOptions | undefined;
  readonly #onEvent: OnEvent;

  private constructor(how: (path: string) => WebhookOptions | undefined, onEvent: OnEvent) {
    this.#how = how;
    this.#onEvent = onEvent;
  }

  /** For jobs, each of which comes to a URL of its own. */
  static ofKeys(keys: CallbackKeys, publicUrl: unknown, onEvent: OnEvent): OwnDesk {
    const given = typeof publicUrl === 'string' ? [publicUrl] : check.texts(publicUrl, 'publicUrl');
    const bases = given ?? check.refuse('publicUrl', publicUrl, 'a URL, or an array of them', ConfigError);
    // Says at once what is wrong with a URL.
    for (const base of bases) keys.callbackUrl('', base);
    return new OwnDesk((path) => {
      try {
        return { kind: keys.verify(tokenOf(path), bases).kind satisfies JobKind };
      } catch (failure) {
        if (failure instanceof WebhookVerificationError) return undefined;
        throw failure;
      }
    }, onEvent);
  }

  /** For events of a registered webhook, which are signed. */
  static ofSecret(secret: unknown, allowSha1: unknown, onEvent: OnEvent): OwnDesk {
    const secrets = [secretsOf(secret)].flat();
    if (secrets.length === 0) {
      check.refuse('secret', secret, 'a secret (is the variable that should hold it set?)', ConfigError);
    }
    const how = { secret: secrets, kind: 'event', allowSha1: check.flag(allowSha1, 'allowSha1', ConfigError) } as const;
    return new OwnDesk(() => how, onEvent);
  }

  admit(method: string, path: string, headers: string[]): NativeAnswer | Admission {
    const how = this.#how(path);
    if (!how) return NOT_FOUND;
    if (method !== 'POST') return ONLY_POST;
    for (let at = 0; at + 1 < headers.length; at += 2) {
      const [name, value] = [headers[at]!.toLowerCase(), headers[at + 1]!.trim()];
      if (name === 'content-length' && Number(value) > MOST_BYTES) return TOO_LARGE;
      if (name === 'content-encoding' && value !== '' && value.toLowerCase() !== 'identity') return ENCODED;
    }
    return new Admitted(pairs(headers), how, this.#onEvent);
  }
}

class Admitted implements Admission {
  readonly #headers: [string, string][];
  readonly #how: WebhookOptions;
  readonly #onEvent: OnEvent;
  readonly #began = Date.now();
  #pieces: Uint8Array[] = [];
  #size = 0;

  constructor(headers: [string, string][], how: WebhookOptions, onEvent: OnEvent) {
    this.#headers = headers;
    this.#how = how;
    this.#onEvent = onEvent;
  }

  get patience(): number {
    return Math.max(0, this.#began + PATIENCE - Date.now());
  }

  push(piece: Uint8Array): NativeAnswer | undefined {
    this.#size += piece.length;
    if (this.#size > MOST_BYTES) {
      this.leave();
      return TOO_LARGE;
    }
    this.#pieces.push(piece);
    return undefined;
  }

  late(): NativeAnswer {
    this.leave();
    return LATE_BODY;
  }

  leave(): void {
    this.#pieces = [];
  }

  async finish(): Promise<NativeAnswer> {
    let event: WebhookEvent;
    try {
      event = parseWebhook(Buffer.concat(this.#pieces), this.#headers, this.#how);
    } catch (failure) {
      if (failure instanceof WebhookVerificationError) return UNSIGNED;
      if (failure instanceof InvalidWebhookError) return UNREADABLE;
      throw failure;
    }
    await this.#onEvent(event);
    return OK;
  }
}

/** Names and values, one after the other, as pairs. */
export function pairs(headers: string[]): [string, string][] {
  const list: [string, string][] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) list.push([headers[at]!, headers[at + 1]!]);
  return list;
}
