// Webhooks in a server of JavaScript's own: for Express and whatever else calls `(request, response)`, and for the Fetch API.
//
// The body is read here, after the token was checked and up to a limit: what a framework has parsed is not what was signed.

import * as check from './arguments.js';
import type { CallbackKeys, CallbackMasters } from './callback-keys.js';
import type { Admission, Desk } from './desk.js';
import { ConfigError, InvalidWebhookError } from './errors.js';
import type { NativeAnswer } from './native.js';
import { OwnDesk, pairs } from './own-desk.js';
import { deskOf, type Receiver } from './receiver.js';
import type { WebhookEvent } from './webhooks.js';

/** What a handler without an inbox goes by: the keys of your callback URLs, or the secret of a registered webhook. */
export type WebhookHandlerOptions =
  | {
      /** The keys that the callback URLs of your jobs are made with. */
      keys: CallbackKeys | CallbackMasters;
      /** The public URL under which the callbacks come in, or it and up to three former ones. */
      publicUrl: string | readonly string[];
    }
  | {
      /** The secret that the webhook was registered with, or up to four of them while they change. */
      secret: string | readonly string[];
      /** Takes signatures by SHA-1 too. */
      allowSha1?: boolean | undefined;
    };

/** A request as Node's http, Express and their kin have it. */
export interface WebhookRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly rawHeaders: string[];
  // biome-ignore lint/suspicious/noExplicitAny: Node's own types have a listener for each event.
  on(event: string, listener: (...given: any[]) => void): unknown;
}

/** A response as they have it. */
export interface WebhookResponse {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(body: string): unknown;
}

type OnEvent = (event: WebhookEvent) => unknown;
type Handler = (
  request: WebhookRequest,
  response: WebhookResponse,
  next?: ((failure?: unknown) => unknown) | undefined,
) => Promise<void>;

/**
 * Answers webhooks in Express, or any server that calls `(request, response)`. With a receiver what comes is put into its inbox
 * before it is answered 200:
 *
 * ```ts
 * const receiver = await Receiver.create(inbox, { publicUrl: 'https://hooks.acme.com/ii' });
 * app.use('/ii', webhookHandler(receiver));
 * ```
 *
 * Without one, the event is handed to a function, and answered 200 when that is done: what it throws is answered 500, and the
 * service tries again, up to five times. Of a job that came by its own URL the event is a hint until you get the job by its id.
 *
 * ```ts
 * app.post('/ii/cb/:token', webhookHandler({ keys, publicUrl: 'https://hooks.acme.com/ii' }, async (event) => {
 *   if (event.kind === 'detect') await alarm(event.job);
 * }));
 * ```
 *
 * Mount it before anything that reads bodies, such as `express.json()`, or with `express.raw({ type: () => true })`: what was
 * parsed is passed on as an `InvalidWebhookError` that says so.
 */
export function webhookHandler(receiver: Receiver): Handler;
export function webhookHandler(options: WebhookHandlerOptions, onEvent: OnEvent): Handler;
export function webhookHandler(given: Receiver | WebhookHandlerOptions, onEvent?: OnEvent): Handler {
  const desk = deskFor(given, onEvent, 'webhookHandler');
  return async (request, response, next) => {
    try {
      const { originalUrl } = request as { originalUrl?: unknown };
      const path = typeof originalUrl === 'string' ? originalUrl : (request.url ?? '');
      const admitted = desk.admit(request.method ?? '', path, request.rawHeaders);
      const answer = 'status' in admitted ? admitted : await received(admitted, request);
      // Whoever hung up waits for none.
      if (answer) send(response, answer, !isRead(request));
    } catch (failure) {
      if (next) {
        next(failure);
        return;
      }
      send(response, NOT_NOW, !isRead(request));
      process.emitWarning(failure instanceof Error ? failure : String(failure));
    }
  };
}

/**
 * The same for the Fetch API: Hono, Next.js, and whatever gives a `Request` and takes a `Response`.
 *
 * ```ts
 * app.all('/ii/*', (context) => handler(context.req.raw));   // Hono, with handler = fetchWebhookHandler(receiver)
 * export const POST = fetchWebhookHandler(receiver);         // Next.js
 * ```
 *
 * What the function throws, and that the body was read before, it rejects with: frameworks answer 500 then.
 */
export function fetchWebhookHandler(receiver: Receiver): (request: Request) => Promise<Response>;
export function fetchWebhookHandler(
  options: WebhookHandlerOptions,
  onEvent: OnEvent,
): (request: Request) => Promise<Response>;
export function fetchWebhookHandler(
  given: Receiver | WebhookHandlerOptions,
  onEvent?: OnEvent,
): (request: Request) => Promise<Response> {
  const desk = deskFor(given, onEvent, 'fetchWebhookHandler');
  return async (request) => {
    const path = new URL(request.url).pathname;
    const admitted = desk.admit(request.method, path, [...request.headers].flat());
    const answer = 'status' in admitted ? admitted : await fetched(admitted, request);
    const { status, headers, body } = answer;
    return new Response(body, { status, headers: pairs(headers) });
  };
}

function deskFor(given: unknown, onEvent: unknown, call: string): Desk {
  const desk = deskOf(given);
  if (desk) {
    if (onEvent === undefined) return desk;
    throw new ConfigError(`${call}: a receiver puts events into its inbox; take them there: for await (.. of inbox)`);
  }
  const known = ['keys', 'publicUrl', 'secret', 'allowSha1'];
  const options = check.options(given as Record<string, unknown>, call, known, ConfigError);
  const handle = check.callable<WebhookEvent>(onEvent, 'onEvent');
  if (!handle) return check.refuse('onEvent', onEvent, 'a function', ConfigError);
  if ('keys' in options === 'secret' in options) {
    throw new ConfigError(`${call}: a Receiver, { keys, publicUrl } or { secret } wanted`);
  }
  if ('secret' in options) return OwnDesk.ofSecret(options.secret, options.allowSha1, handle);
  return OwnDesk.ofKeys(options.keys, options.publicUrl, handle);
}

const NOT_NOW: NativeAnswer = {
  status: 503,
  headers: ['content-type', 'text/plain; charset=utf-8', 'retry-after', '5'],
  body: 'not now\n',
};

const READ_BEFORE =
  'body: it was read before it got here, and what was parsed is not what was sent; mount this handler before what reads ' +
  'bodies, such as express.json(), or have it leave these routes alone';

/** What a stream of Node's says of itself. */
interface Readable {
  readonly readableDidRead?: boolean;
  readonly readableEnded?: boolean;
  readonly body?: unknown;
  pause?(): unknown;
  removeListener?(event: string, listener: (piece: Uint8Array) => void): unknown;
}

function isRead(request: WebhookRequest): boolean {
  return (request as Readable).readableEnded === true;
}

/** The answer to a request; undefined where its sender hung up. */
async function received(admitted: Admission, request: WebhookRequest): Promise<NativeAnswer | undefined> {
  const stream = request as WebhookRequest & Readable;
  // `express.raw` keeps the bytes as they are.
  if (stream.body instanceof Uint8Array) return admitted.push(stream.body) ?? admitted.finish();
  if (stream.readableDidRead || stream.readableEnded) {
    admitted.leave();
    throw new InvalidWebhookError(READ_BEFORE);
  }
  return new Promise((resolve, reject) => {
    const over = (answer?: NativeAnswer | null) => {
      clearTimeout(timer);
      stream.removeListener?.('data', onData);
      stream.pause?.();
      if (!answer) admitted.brokenOff();
      resolve(answer ?? undefined);
    };
    const timer = setTimeout(() => over(admitted.late()), admitted.patience);
    const onData = (piece: Uint8Array) => {
      const answer = admitted.push(piece);
      if (answer) over(answer);
    };
    stream.on('data', onData);
    stream.on('end', () => {
      clearTimeout(timer);
      admitted.finish().then(resolve, reject);
    });
    stream.on('error', () => over());
    stream.on('close', () => {
      if (!stream.readableEnded) over();
    });
  });
}

async function fetched(admitted: Admission, request: Request): Promise<NativeAnswer> {
  if (request.bodyUsed) {
    admitted.leave();
    throw new InvalidWebhookError(READ_BEFORE);
  }
  const reader = request.body?.getReader();
  if (!reader) return admitted.finish();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, admitted.patience, undefined);
  });
  try {
    for (;;) {
      const piece = await Promise.race([reader.read(), late]);
      if (piece === undefined) return admitted.late() ?? NOT_NOW;
      if (piece.done) return await admitted.finish();
      const answer = admitted.push(piece.value);
      if (answer) return answer;
    }
  } catch (failure) {
    admitted.brokenOff();
    throw failure;
  } finally {
    clearTimeout(timer);
    // What is left of a body that is not wanted; it has ended where all of it came.
    reader.cancel().catch(() => undefined);
  }
}

function send(response: WebhookResponse, { status, headers, body }: NativeAnswer, unread: boolean): void {
  response.statusCode = status;
  for (const [name, value] of pairs(headers)) response.setHeader(name, value);
  // What is left of the body is not read: the next request on this connection would begin behind it.
  if (unread) response.setHeader('connection', 'close');
  response.end(body);
}
