// The native module as it crosses: what bindings/node exports, in types.

import loaded from '../loader.cjs';
import type { ErrorKind } from './errors.js';
import type { DeliveredEvent } from './webhooks.js';

export interface NativeSettings {
  baseUrl: string | undefined;
  clientId: string | undefined;
  clientSecret: string | undefined;
  requestTimeout: number | undefined;
  requestsPerSecond: number | undefined;
  journal: string | undefined;
  allowPlainHttp: boolean;
}

export interface NativeImage {
  url?: string;
  path?: string;
  data?: Uint8Array;
  customId?: string | undefined;
}

/** A job of the native client. */
export interface NativeJob {
  readonly kind: string;
  readonly id: string;
  readonly customId: string | null;
  readonly createdAt: number;
  readonly resumeToken: string;
}

/** Rows of a search that are fetched page by page. */
export type NativeRows = { readonly rows: unique symbol };

/** How a run is set up. */
export interface NativeRunSettings {
  batchSize: number | undefined;
  concurrency: number | undefined;
  ordered: boolean;
  manifest: string | undefined;
  timeout: number | undefined;
  total: number | undefined;
  deliver: boolean | undefined;
}

export interface NativeProgress {
  total?: number | null;
  done: number;
  failed: number;
  inFlight: number;
  jobs: number;
  elapsed: number;
}

/** A run over any number of pictures. */
export interface NativeRun {
  feed(images: NativeImage[]): void;
  end(): void;
  stop(): void;
  leave(): void;
  progress(): NativeProgress;
  inFlight(): string[];
}

/** What became of a picture. */
export interface NativeItem {
  index: number;
  chosen: boolean;
  customId?: string;
  jobId?: string;
  json?: string;
  error?: object;
}

/** Jobs that are waited for, all of them at once. */
export interface NativeEnds {
  leave(): void;
}

/** How a job ended. */
export interface NativeEnd {
  place: number;
  json?: string;
  raw?: string;
  error?: object;
}

/**
 * Calls that take time give a number at once, and `deliver` later gets `[number, outcome, value, beside]` for each that is
 * done, one after the other in one array.
 */
export interface NativeClient {
  readonly baseUrl: string;
  job(
    kind: string,
    namespace: string | undefined,
    request: string,
    images: NativeImage[],
    deliver: boolean | undefined,
  ): number;
  call(name: string, args: string): number;
  rows(room: string, args: string): NativeRows;
  page(rows: NativeRows): number;
  resume(token: string): NativeJob;
  look(job: NativeJob): number;
  wait(job: NativeJob, limitMs: number): number;
  run(kind: string, namespace: string | undefined, request: string, settings: NativeRunSettings): NativeRun;
  step(run: NativeRun): number;
  ends(jobs: NativeJob[], limitMs: number): NativeEnds;
  end(ends: NativeEnds): number;
  cancel(call: number): void;
  close(): void;
}

/** An event in a handler's hands. */
export interface NativeHeld {
  readonly held: boolean;
  release(): void;
}

/** What a body is, as it crosses: `json` is there where the body may not be parsed as it is. */
export interface NativeEvent {
  kind: DeliveredEvent['kind'];
  ascii: boolean;
  json?: string;
  raw: Uint8Array;
}

/** An event as it crosses. */
export interface NativeDelivery extends NativeEvent {
  idempotencyKey: string;
  rid?: string;
  jobId?: string;
  attempt: number;
  receivedAt: number;
  signed: boolean;
  seq: number;
  held: NativeHeld;
}

export interface NativeInboxSettings {
  lease?: number | undefined;
  handlerTimeout?: number | undefined;
  attempts?: number | undefined;
  retryPause?: number | undefined;
  longestRetryPause?: number | undefined;
  pruneBodiesAfter?: number | undefined;
  pruneKeysAfter?: number | undefined;
  prefetch?: number | undefined;
  shutdownTimeout?: number | undefined;
  existing: boolean;
}

export interface NativeWanted {
  state: string | undefined;
  kind: string | undefined;
  job: string | undefined;
  before: number | undefined;
  limit: number | undefined;
}

export interface NativeSql {
  sql: string;
  params: (null | boolean | number | string | Uint8Array)[];
}

export interface NativeReceiverSettings {
  address: string | undefined;
  publicUrl: string | undefined;
  formerUrls: string[];
  secrets: string[];
  allowSha1: boolean;
  acceptForeign: boolean;
  confirm: boolean | undefined;
  maxBody: number | undefined;
  bodyTimeout: number | undefined;
  inFlight: number | undefined;
  answerTimeout: number | undefined;
  connections: number | undefined;
}

/** What a request is answered with; headers are names and values, one after the other. */
export interface NativeAnswer {
  status: number;
  headers: string[];
  body: string;
}

/** A request that was let in. */
export interface NativeAdmitted {
  readonly patience: number;
  push(piece: Uint8Array): NativeAnswer | null | undefined;
  late(): NativeAnswer | null | undefined;
  brokenOff(): void;
  leave(): void;
}

/** The same at the desk of a handler without an inbox. */
export interface NativePassed extends NativeAdmitted {
  finish(): { answer: NativeAnswer; event?: NativeEvent };
}

export interface NativeGate {
  admit(method: string, path: string, headers: string[]): NativeAnswer | NativePassed;
}

export interface NativeReceiver {
  readonly publicUrl: string;
  readonly address?: string | null;
  admit(method: string, path: string, headers: string[]): NativeAnswer | NativeAdmitted;
}

/** An inbox, whose calls give a number at once as a client's do. */
export interface NativeInbox {
  open(target: string, settings: NativeInboxSettings, keys: NativeCallbackKeys | undefined): number;
  next(): number;
  ack(delivery: NativeHeld, statements: NativeSql[]): number;
  nack(delivery: NativeHeld, why: string, pauseMs: number | undefined): number;
  bury(delivery: NativeHeld, why: string): number;
  list(wanted: NativeWanted): number;
  entry(seq: number): number;
  replay(seqs: number[] | undefined): number;
  counts(): number;
  prune(): number;
  addKey(): number;
  close(): number;
  receiver(settings: NativeReceiverSettings): number;
  finish(request: NativeAdmitted): number;
  shutDown(receiver: NativeReceiver): number;
  cancel(call: number): void;
}

export interface NativeCallbackToken {
  kind: string;
  rid: string;
  expires: number;
  keyId: number;
}

export interface NativeCallbackKeys {
  mint(kind: string, expiresMs: number, rid: string, base: string): string;
  verify(token: string, bases: string[], nowMs: number): NativeCallbackToken;
  verifyPath(path: string, bases: string[], nowMs: number): NativeCallbackToken;
}

export interface Native {
  Client: new (
    settings: NativeSettings,
    deliver: (outcomes: unknown[]) => void,
    webhooks: NativeReceiver | undefined,
  ) => NativeClient;
  Inbox: new (deliver: (outcomes: unknown[]) => void) => NativeInbox;
  CallbackKeys: {
    new (ids: number[], masters: Uint8Array[]): NativeCallbackKeys;
    parse(text: string): NativeCallbackKeys;
  };
  Gate: {
    forJobs(keys: NativeCallbackKeys, bases: string[]): NativeGate;
    forEvents(secrets: string[], allowSha1: boolean): NativeGate;
  };
  callbackUrl(base: string, token: string): string;
  eventKinds(): string[];
  judge(body: Uint8Array, kind: string | undefined): number;
  verifyAndJudge(
    body: Uint8Array,
    signature: string | undefined,
    secrets: string | string[],
    allowSha1: boolean,
    kind: string | undefined,
  ): number;
  canonicalise(body: Uint8Array, kind: string | undefined): string;
  listen(publish: (record: object) => void, fine: boolean): void;
  decide(table: string, name: string): string;
  kinds(): ErrorKind[];
  readModel(model: string, body: Uint8Array): string;
}

export const native: Native = loaded as Native;
