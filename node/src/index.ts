// Image Intelligence: hand over a batch of pictures, get a job at once, and its result when it is there.

export type {
  All,
  AllOptions,
  AllOptionsOf,
  AskAllOptions,
  DetectAllOptions,
  ImageResultOf,
  Item,
  MatchAllOptions,
  Progress,
  RecognizeAllOptions,
} from './all.js';
export type { AsCompleted, Completed } from './as-completed.js';
export {
  CallbackKeys,
  type CallbackMasters,
  type CallbackToken,
  type JobKind,
  type MintOptions,
} from './callback-keys.js';
export { rawJson } from './calls.js';
export { type ClientOptions, ImageIntelligence } from './client.js';
export type { CallOptions } from './core.js';
export type { Deliveries, Delivery, SqlStatement, SqlValue } from './delivery.js';
export type { Counts, Entry, EventState, Pruned } from './entries.js';
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
export type { Feedbacks, Registration, RegistrationOptions, WrongClasses } from './feedback.js';
export {
  fetchWebhookHandler,
  type WebhookHandlerOptions,
  type WebhookRequest,
  type WebhookResponse,
  webhookHandler,
} from './handlers.js';
export type { Image, Images } from './images.js';
export { type EntrySearch, Inbox, type InboxOptions } from './inbox.js';
export {
  type AnyHandle,
  type AskHandle,
  type AskJobs,
  type DetectHandle,
  type DetectJobs,
  JobHandle,
  type JobOf,
  type JobSearch,
  type MatchHandle,
  type MatchJobs,
  type RecognizeHandle,
  type WaitOptions,
} from './jobs.js';
export type * from './models.js';
export { type ListenOptions, Receiver, type ReceiverLimits, type ReceiverOptions } from './receiver.js';
export type {
  FaceGroups,
  FaceImages,
  Identities,
  IdentityChange,
  IdentityOptions,
  Recognition,
  RecognitionSearch,
  RecognizeJobs,
} from './recognition.js';
export type { Recovered } from './recovery.js';
export type { AskOptions, DetectOptions, JobOptions, MatchOptions, RecognizeOptions } from './requests.js';
export {
  classes,
  customIdOrUrl,
  errors,
  type FaceHit,
  faces,
  found,
  type Hit,
  type ImageView,
  isDone,
  matched,
  yes,
} from './results.js';
export {
  type DeliveredEvent,
  parseWebhook,
  type WebhookEvent,
  type WebhookHeaders,
  type WebhookOptions,
} from './webhooks.js';
