// Webhooks: verified and judged by the native side in one crossing, then parsed by JSON.parse.

import * as check from './arguments.js';
import { basesOf, type CallbackKeys, type CallbackMasters, type JobKind, nativeKeys } from './callback-keys.js';
import { fromNative, InvalidRequestError, InvalidWebhookError, translated } from './errors.js';
import type { JobOf } from './jobs.js';
import type { GaveUp, RegisteredEvent } from './models.js';
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

/** What an inbox hands out: what a webhook brought, or that a job will have no result. */
export type DeliveredEvent =
  | WebhookEvent
  | {
      /** A job of ours will have no result. */
      kind: 'gave_up';
      gaveUp: GaveUp;
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
   * The keys that the callback URLs of your jobs were made with. The token in the `path` is then verified, before anything of
   * the body is looked at, and says what kind of job it is. Keys that are there but undefined are refused.
   */
  keys?: CallbackKeys | CallbackMasters;
  /** With `keys`: the request's path or URL, at the end of which the token stands. */
  path?: string | undefined;
  /** With `keys`: the public URL under which the callbacks come in, or it and up to three former ones. */
  publicUrl?: string | readonly string[] | undefined;
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

const OPTIONS = ['secret', 'keys', 'path', 'publicUrl', 'kind', 'allowSha1'];

/**
 * Reads a webhook's body. With a `secret` its signature is verified first, over the very bytes: pass the body as it came,
 * before anything parsed it. Of the headers only `X-Niro-Signature` and `X-II-Signature` are read, in any case of letters.
 *
 * A webhook of a job is not signed. With the `keys`, the `path` and the `publicUrl` of its callback URL it is known that it came
 * to a URL which only the service was given; what it says is a hint all the same, until you get the job by its id.
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
  const known = 'keys' in given ? kindOf(given) : check.text(kind, 'kind');
  const sha1 = check.flag(allowSha1, 'allowSha1') ?? false;
  try {
    const judged =
      'secret' in given
        ? native.verifyAndJudge(bytes, signatureOf(headers), secretsOf(given.secret), sha1, known)
        : native.judge(bytes, known);
    const event = KINDS[judged & KIND] ?? 'unknown';
    const odd = event !== 'unknown' && (judged & CANONICAL) === 0;
    const text = odd ? native.canonicalise(bytes, known) : undefined;
    return eventOf(event, bytes, (judged & ASCII) !== 0, text) as WebhookEvent;
  } catch (failure) {
    throw fromNative(failure);
  }
}

/** The event of a body that was judged; `json` is to be parsed in its place where it is given. @internal */
export function eventOf(
  kind: DeliveredEvent['kind'],
  raw: Uint8Array,
  ascii: boolean,
  json: string | undefined,
): DeliveredEvent {
  if (kind === 'unknown') return { kind, raw };
  const bytes = raw as Bytes;
  const read = JSON.parse(json ?? (ascii ? bytes.latin1Slice() : bytes.utf8Slice()));
  if (kind === 'event') return { kind, event: read, raw };
  if (kind === 'gave_up') return { kind, gaveUp: read, raw };
  return { kind, job: read, raw };
}

/** What kind of job the token says, at the end of the path. */
function kindOf({ keys, path, publicUrl, secret }: WebhookOptions): JobKind {
  if (secret !== undefined) throw new InvalidRequestError('parseWebhook: keys and a secret given, one of them wanted');
  const ring = nativeKeys(keys);
  const given = check.needed(path, 'path', "the request's path");
  const bases = basesOf(publicUrl, 'publicUrl');
  return translated(() => ring.verifyPath(given, bases, Date.now())).kind as JobKind;
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

/** Secrets as they were given; none where there is nothing in them. @internal */
export function secretsOf(secret: unknown, field = 'secret'): string | string[] {
  if (typeof secret === 'string' && secret !== '') return check.needed(secret, field);
  if (secret === undefined || secret === null || secret === '') return [];
  if (!Array.isArray(secret)) check.refuse(field, secret, 'a string, or up to four of them');
  return Array.from(secret, (one, index) => check.needed(one, `${field}[${index}]`));
}
