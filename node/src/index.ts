// Image Intelligence: hand over a batch of pictures, get a job at once, and its result when it is there.

export {
  CallbackKeys,
  type CallbackMasters,
  type CallbackToken,
  type JobKind,
  type MintOptions,
} from './callback-keys.js';
export { rawJson } from './calls.js';
export {
  type CallOptions,
  type ClientOptions,
  DetectHandle,
  type DetectJobs,
  type DetectOptions,
  ImageIntelligence,
  type WaitOptions,
} from './client.js';
export {
  AbortError,
  APIConnectionError,
  AuthenticationError,
  BadRequestError,
  ClosedError,
  ConfigError,
  type ErrorDetails,
  type ErrorKind,
  ImageIntelligenceError,
  InvalidRequestError,
  InvalidResponseError,
  InvalidWebhookError,
  JobLostError,
  NotFoundError,
  OutcomeUnknownError,
  PermissionDeniedError,
  RateLimitError,
  RequestTimeoutError,
  ResumeTokenError,
  ServerError,
  StoreError,
  TooLargeError,
  WaitTimeoutError,
  WebhookVerificationError,
} from './errors.js';
export type { Image } from './images.js';
export type * from './models.js';
export { classes, customIdOrUrl, errors, found, type Hit, type ImageView, isDone } from './results.js';
export { parseWebhook, type WebhookEvent, type WebhookHeaders, type WebhookOptions } from './webhooks.js';
