// The errors: one class a kind, the same kinds in every language.

/** What went wrong, in one word that is the same in every language. */
export type ErrorKind =
  | 'config'
  | 'invalid_request'
  | 'bad_request'
  | 'authentication'
  | 'permission_denied'
  | 'not_found'
  | 'too_large'
  | 'rate_limited'
  | 'server_error'
  | 'connection'
  | 'request_timeout'
  | 'invalid_response'
  | 'outcome_unknown'
  | 'wait_timeout'
  | 'job_lost'
  | 'cancelled'
  | 'invalid_webhook'
  | 'webhook_verification'
  | 'resume_token'
  | 'store'
  | 'closed';

/** What an error may say besides its message. */
export interface ErrorDetails {
  retryable?: boolean;
  status?: number;
  requestId?: string;
  retryAfter?: number;
  body?: Uint8Array;
  lastStatus?: string;
  resumeToken?: string;
  customId?: string;
  candidates?: string[];
  reason?: unknown;
  cause?: unknown;
}

/** An error as it crosses from the native side. @internal */
export interface Failure extends ErrorDetails {
  kind?: ErrorKind;
  message: string;
  cause?: Failure;
}

// One for the whole process: the ESM copy and the CJS copy of this package know each other's errors by it.
const brand = Symbol.for('image-intelligence.error');

/**
 * What went wrong, and what to do next. The base of every error here; `instanceof` holds for an error of the package's
 * other copy too (ESM beside CommonJS).
 */
export class ImageIntelligenceError extends Error {
  /** The kind of this class. */
  static readonly kind: ErrorKind | undefined = undefined;
  /** What went wrong, in one word that is the same in every language. */
  readonly kind: ErrorKind;
  /** Whether trying the same again may help. */
  readonly retryable: boolean;
  /** The HTTP status, where there was an answer. */
  declare readonly status?: number;
  /** The server's name for the request, for its support. */
  declare readonly requestId?: string;
  /** How long the server asked to be left alone, in seconds, at most 300. */
  declare readonly retryAfter?: number;
  /** The server's answer as it came, at most 64 KiB. May hold what you sent, so it is not printed along: do not log it. */
  declare readonly body?: Uint8Array;
  /** Of a wait that ran out, or a job that was lost: the last status that was seen. */
  declare readonly lastStatus?: string;
  /** Of a wait that ran out, or a job that was lost: what `client.resume(..)` takes. */
  declare readonly resumeToken?: string;
  /** Of an unknown outcome: the customId that the job carries, if it exists. */
  declare readonly customId?: string;
  /** Of an unknown outcome: the ids of jobs that may be the one, none proven. */
  declare readonly candidates?: string[];
  /** Of a verification: which fault it was, in one word. Of an `AbortError`: the signal's reason. */
  declare readonly reason?: unknown;
  /** What it came from. */
  declare readonly cause?: unknown;

  constructor(message: string, details: ErrorDetails & { kind?: ErrorKind } = {}) {
    const { cause, body, retryable, kind, ...told } = details;
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind ?? new.target.kind ?? 'invalid_request';
    this.retryable = retryable ?? RETRYABLE.has(this.kind);
    for (const [name, value] of Object.entries(told)) {
      if (value !== undefined && value !== null) Object.defineProperty(this, name, { value, enumerable: true });
    }
    if (body) Object.defineProperty(this, 'body', { value: body });
  }

  /** What a log may hold: what an `Error` else leaves out of JSON is in, the body never is. */
  toJSON(): Record<string, unknown> {
    const { name, message, kind, retryable, status, requestId, retryAfter } = this;
    const { lastStatus, resumeToken, customId, candidates, reason } = this;
    return {
      name,
      message,
      kind,
      retryable,
      status,
      requestId,
      retryAfter,
      lastStatus,
      resumeToken,
      customId,
      candidates,
      reason: plain(reason),
    };
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    // A subclass of somebody else's holds for its own instances only.
    if (!Object.hasOwn(this, 'kind')) return Function.prototype[Symbol.hasInstance].call(this, value);
    if (typeof value !== 'object' || value === null || !(brand in value)) return false;
    return this.kind === undefined || this.kind === (value as { kind?: unknown }).kind;
  }
}
Object.defineProperty(ImageIntelligenceError.prototype, brand, { value: true });
Object.defineProperty(ImageIntelligenceError.prototype, 'name', { value: 'ImageIntelligenceError', writable: true });

/** A signal's reason may be anything, also what cannot be written as JSON. */
function plain(reason: unknown): unknown {
  if (reason instanceof Error) return `${reason.name}: ${reason.message}`;
  return ['string', 'number', 'boolean'].includes(typeof reason) ? reason : undefined;
}

const RETRYABLE = new Set<ErrorKind>(['rate_limited', 'server_error', 'connection', 'request_timeout', 'wait_timeout']);

/** Missing credentials, a bad base URL, a bad option. */
export class ConfigError extends ImageIntelligenceError {
  static override readonly kind = 'config';
  declare readonly kind: 'config';
}

/** Refused here, before anything was sent: the message names the field, the limit and what was given. */
export class InvalidRequestError extends ImageIntelligenceError {
  static override readonly kind = 'invalid_request';
  declare readonly kind: 'invalid_request';
}

/** The API answered 400. */
export class BadRequestError extends ImageIntelligenceError {
  static override readonly kind = 'bad_request';
  declare readonly kind: 'bad_request';
}

/** Wrong credentials, or 401 after one refresh. */
export class AuthenticationError extends ImageIntelligenceError {
  static override readonly kind = 'authentication';
  declare readonly kind: 'authentication';
}

/** The API answered 403. */
export class PermissionDeniedError extends ImageIntelligenceError {
  static override readonly kind = 'permission_denied';
  declare readonly kind: 'permission_denied';
}

/** The API answered 404. */
export class NotFoundError extends ImageIntelligenceError {
  static override readonly kind = 'not_found';
  declare readonly kind: 'not_found';
}

/** The API answered 413, or a local size limit was passed. */
export class TooLargeError extends ImageIntelligenceError {
  static override readonly kind = 'too_large';
  declare readonly kind: 'too_large';
}

/** The API answered 429 to the last of our tries. */
export class RateLimitError extends ImageIntelligenceError {
  static override readonly kind = 'rate_limited';
  declare readonly kind: 'rate_limited';
}

/** The API answered 5xx to the last of our tries. */
export class ServerError extends ImageIntelligenceError {
  static override readonly kind = 'server_error';
  declare readonly kind: 'server_error';
}

/** DNS, connect, TLS or a connection that was reset. */
export class APIConnectionError extends ImageIntelligenceError {
  static override readonly kind = 'connection';
  declare readonly kind: 'connection';
}

/** One request outlived its limit. */
export class RequestTimeoutError extends ImageIntelligenceError {
  static override readonly kind = 'request_timeout';
  declare readonly kind: 'request_timeout';
}

/** An answer that cannot be read. */
export class InvalidResponseError extends ImageIntelligenceError {
  static override readonly kind = 'invalid_response';
  declare readonly kind: 'invalid_response';
}

/** A submit, or another call that makes something, whose answer was lost and that could not be proven; it was not sent again. */
export class OutcomeUnknownError extends ImageIntelligenceError {
  static override readonly kind = 'outcome_unknown';
  declare readonly kind: 'outcome_unknown';
  /** The customId that it carries, if it exists; empty where it was given none. */
  declare readonly customId: string;
  /** The ids of jobs that may be the one, none proven. */
  declare readonly candidates: string[];
}

/** The deadline of a wait; the job may still finish, and `resumeToken` waits on. */
export class WaitTimeoutError extends ImageIntelligenceError {
  static override readonly kind = 'wait_timeout';
  declare readonly kind: 'wait_timeout';
  /** What `client.resume(..)` takes. */
  declare readonly resumeToken: string;
}

/** The job no longer exists, or never ended within its life. */
export class JobLostError extends ImageIntelligenceError {
  static override readonly kind = 'job_lost';
  declare readonly kind: 'job_lost';
  /** What `client.resume(..)` takes. */
  declare readonly resumeToken: string;
}

/** Your own cancel: `reason` is the signal's. */
export class AbortError extends ImageIntelligenceError {
  static override readonly kind = 'cancelled';
  declare readonly kind: 'cancelled';
  /** As Node's own errors of this name. */
  readonly code = 'ABORT_ERR';
}

/** A body that is no JSON object, too deep, too large, or not UTF-8. */
export class InvalidWebhookError extends ImageIntelligenceError {
  static override readonly kind = 'invalid_webhook';
  declare readonly kind: 'invalid_webhook';
}

/** A signature or callback token that is missing, malformed, wrong or expired: `reason` says which. */
export class WebhookVerificationError extends ImageIntelligenceError {
  static override readonly kind = 'webhook_verification';
  declare readonly kind: 'webhook_verification';
}

/** A resume token that is malformed, of a newer version or of another API. */
export class ResumeTokenError extends ImageIntelligenceError {
  static override readonly kind = 'resume_token';
  declare readonly kind: 'resume_token';
}

/** The inbox's database refused or failed. */
export class StoreError extends ImageIntelligenceError {
  static override readonly kind = 'store';
  declare readonly kind: 'store';
}

/** Used after `close()`. */
export class ClosedError extends ImageIntelligenceError {
  static override readonly kind = 'closed';
  declare readonly kind: 'closed';
}

const CLASSES = {
  ConfigError,
  InvalidRequestError,
  BadRequestError,
  AuthenticationError,
  PermissionDeniedError,
  NotFoundError,
  TooLargeError,
  RateLimitError,
  ServerError,
  APIConnectionError,
  RequestTimeoutError,
  InvalidResponseError,
  OutcomeUnknownError,
  WaitTimeoutError,
  JobLostError,
  AbortError,
  InvalidWebhookError,
  WebhookVerificationError,
  ResumeTokenError,
  StoreError,
  ClosedError,
};

type ErrorClass = new (message: string, details?: ErrorDetails) => ImageIntelligenceError;
const BY_KIND = new Map<string, ErrorClass>();
for (const [name, Class] of Object.entries(CLASSES)) {
  // A name that survives a bundler.
  Object.defineProperty(Class.prototype, 'name', { value: name, writable: true });
  BY_KIND.set(Class.kind, Class);
}

/** The error of a failure that came from the native side, and what it is about where it cannot know. @internal */
export function fromNative(failure: unknown, about?: string): unknown {
  const told = failure as Failure;
  const Class = typeof failure === 'object' && failure !== null && told.kind && BY_KIND.get(told.kind);
  if (!Class) return failure instanceof Error ? failure : new Error(told?.message ?? String(failure));
  const {
    message,
    retryable,
    status,
    requestId,
    retryAfter,
    body,
    lastStatus,
    resumeToken,
    customId,
    candidates,
    reason,
  } = told;
  const cause = told.cause && causeOf(told.cause);
  return new Class(about === undefined ? message : `${about}: ${message}`, {
    retryable,
    status,
    requestId,
    retryAfter,
    body,
    lastStatus,
    resumeToken,
    customId,
    candidates,
    reason,
    cause,
  } as ErrorDetails);
}

/** Calls the native side, whose failures become errors here. @internal */
export function translated<T>(call: () => T, about?: string): T {
  try {
    return call();
  } catch (failure) {
    throw fromNative(failure, about);
  }
}

function causeOf(failure: Failure): unknown {
  if (failure.kind) return fromNative(failure);
  return new Error(failure.message, failure.cause ? { cause: causeOf(failure.cause) } : undefined);
}

/** The error of a signal that was aborted. @internal */
export function aborted(signal: AbortSignal): AbortError {
  return new AbortError('cancelled by its signal; a job that was submitted goes on', {
    reason: signal.reason,
    cause: signal.reason,
  });
}
