// Webhooks: verified and judged by the native side in one crossing, then parsed by JSON.parse.

import * as check from './arguments.js';
import type { JobKind } from './callback-keys.js';
import { fromNative, InvalidWebhookError } from './errors.js';
import type { JobOf } from './jobs.js';
import type { RegisteredEvent } from './models.js';
import { native } from './native.js';

/** A webhook that brought a job. */
interface JobEvent<Kind extends JobKind> {
  /** What the job does. */
  kind: Kind;
  job: JobOf[Kind];
  raw: Uint8Array;
}

/** What a webhook brought: its `kind` says it. `raw` is the body as it came. */
export type WebhookEvent =
  | JobEvent<'detect'>
  | JobEvent<'match'>
  | JobEvent<'ask'>
  | JobEvent<'recognize'>
  | {
      /** An event of a registered webhook. */
      kind: 'event';
      event: RegisteredEvent;
      raw: Uint8Array;
    }
  | {
      /** Something that this version cannot name: kept as it came, never dropped. */
      kind: 'unknown';
      raw: Uint8Array;
    };

/** Headers as Node's http, fetch, or a list of pairs has them. */
export type WebhookHeaders =
  | { get(name: string): string | null | undefined }
  | Iterable<readonly [string, string]>
  | { readonly [name: string]: string | readonly string[] | undefined };

/** How a webhook is read. */
export interface WebhookOptions {
  /**
   * The secret that the webhook was registered with, or up to four of them while they change. Headers are then
   * needed. A secret that is there but undefined, such as a variable that is not set, is refused and not passed over.
   */
  secret?: string | readonly string[];
  /**
   * What you know it to be from the route: the kind of a job, or `event`, as everything is that comes to a route of registered
   * webhooks. It wins over every sign in the body.
   */
  kind?: JobKind | 'event' | undefined;
  /** Takes signatures by SHA-1 too, as the published sample shows them. */
  allowSha1?: boolean | undefined;
}

// What `judge` and `verifyAndJudge` give: in three bits the place of what it is among these, then whether the body can be
// parsed as it is, and whether it is ASCII.
const KINDS = native.eventKinds() as WebhookEvent['kind'][];
const KIND = 0b00111;
const CANONICAL = 0b01000;
const ASCII = 0b10000;

const OPTIONS = ['secret', 'kind', 'allowSha1'];

/**
 * Reads a webhook's body. With a `secret` its signature is verified first, over the very bytes: pass the body as it came,
 * before anything parsed it. Of the headers only `X-Niro-Signature` and `X-II-Signature` are read, in any case of letters.
 *
 * A webhook of a job is not signed: without a `secret` what it says is a hint, until you get the job by its id.
 *
 * Throws a `WebhookVerificationError`, or an `InvalidWebhookError` where the body is no JSON object.
 */
export function parseWebhook(
  body: Uint8Array | ArrayBuffer | string,
  headers?: WebhookHeaders | null,
  options?: WebhookOptions,
): WebhookEvent {
  const bytes = bytesOf(body);
  const { kind, allowSha1, ...given } = check.options(options, 'parseWebhook', OPTIONS);
  const known = check.text(kind, 'kind');
  const sha1 = check.flag(allowSha1, 'allowSha1') ?? false;
  try {
    const judged =
      'secret' in given
        ? native.verifyAndJudge(bytes, signatureOf(headers), secretsOf(given.secret), sha1, known)
        : native.judge(bytes, known);
    const event = KINDS[judged & KIND] ?? 'unknown';
    if (event === 'unknown') return { kind: event, raw: bytes };
    let text: string;
    if ((judged & CANONICAL) === 0) text = native.canonicalise(bytes, known);
    else text = judged & ASCII ? bytes.latin1Slice() : bytes.utf8Slice();
    const read = JSON.parse(text);
    return event === 'event' ? { kind: event, event: read, raw: bytes } : { kind: event, job: read, raw: bytes };
  } catch (failure) {
    throw fromNative(failure);
  }
}

/** A Buffer, whose quick ways to a string are not in its types. */
type Bytes = Buffer & { latin1Slice(): string; utf8Slice(): string };

function bytesOf(body: unknown): Bytes {
  if (Buffer.isBuffer(body)) return body as Bytes;
  if (typeof body === 'string') return Buffer.from(body) as Bytes;
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength) as Bytes;
  if (body instanceof ArrayBuffer) return Buffer.from(body) as Bytes;
  throw new InvalidWebhookError(
    `body: ${check.describe(body)} given; pass the raw bytes as they came, before anything parsed them (Express: express.raw({ type: '*/*' }))`,
  );
}

const NAMES = ['x-niro-signature', 'x-ii-signature'];

/**
 * The signature, from either of the two headers that may carry one. Several are joined by commas, as Node and fetch join
 * them: that there may be only one is core's to say.
 */
function signatureOf(headers: unknown): string | undefined {
  if (headers === undefined || headers === null) return undefined;
  if (typeof headers !== 'object') check.refuse('headers', headers, "the request's headers");
  const found: string[] = [];
  const note = (name: unknown, value: unknown) => {
    if (typeof name !== 'string' || (name.length !== 16 && name.length !== 14)) return;
    if (value === undefined || value === null || !NAMES.includes(name.toLowerCase())) return;
    const values = Array.isArray(value) ? value : [value];
    for (const one of values)
      found.push(typeof one === 'string' ? one : check.refuse('headers', one, `${name}: a string`));
  };
  if (!(headers instanceof Map) && 'get' in headers && typeof headers.get === 'function') {
    for (const name of NAMES) note(name, headers.get(name));
  } else if (Array.isArray(headers) && typeof headers[0] === 'string') {
    // `request.rawHeaders`
    for (let at = 0; at < headers.length; at += 2) note(headers[at], headers[at + 1]);
  } else if (Symbol.iterator in headers) {
    for (const pair of headers as Iterable<unknown>) {
      if (!Array.isArray(pair)) check.refuse('headers', pair, 'pairs of a name and a value');
      note(pair[0], pair[1]);
    }
  } else {
    for (const name in headers) note(name, (headers as Record<string, unknown>)[name]);
  }
  return found.length ? found.join(',') : undefined;
}

function secretsOf(secret: unknown): string | string[] {
  if (typeof secret === 'string' && secret !== '') return check.needed(secret, 'secret');
  if (secret === undefined || secret === null || secret === '') return [];
  if (!Array.isArray(secret)) check.refuse('secret', secret, 'a string, or up to four of them');
  return Array.from(secret, (one, index) => check.needed(one, `secret[${index}]`));
}
