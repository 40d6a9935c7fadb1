// What an inbox shows to somebody who looks into it.

import type { DeliveredEvent } from './webhooks.js';

/**
 * How far an event has come: it waits until the API confirms it (`received`), or for a handler (`ready`); a handler has it
 * (`leased`), or is done with it (`done`); or no handler could (`dead`).
 */
export type EventState = 'received' | 'ready' | 'leased' | 'done' | 'dead';

/** An event as it stands in an inbox. */
export interface Entry {
  /** Its number in the inbox, which `replay` takes. */
  seq: number;
  /** What its deliveries have as theirs. */
  idempotencyKey: string;
  /** Our own name for the job, where it is one of ours. */
  rid: string | undefined;
  /** The service's name for the job, where it is known. */
  jobId: string | undefined;
  /** What it is. */
  kind: DeliveredEvent['kind'];
  /** How far it has come. */
  state: EventState;
  /** Whether it carried a signature, which was checked. */
  signed: boolean;
  /** How often it was handed out. */
  attempts: number;
  /** How many webhooks brought it; none where the result was fetched. */
  deliveries: number;
  /** When it came first. */
  receivedAt: Date;
  /** When the API was found to say the same. */
  confirmedAt: Date | undefined;
  /** When a handler was done with it. */
  doneAt: Date | undefined;
  /** When it is due again. */
  nextAt: Date | undefined;
  /** What the last handler said that could not. */
  error: string | undefined;
  /** How many bytes the body has, or had. */
  size: number;
  /** The body: only where one event was asked for by its number, and it was not pruned. */
  body: Uint8Array | undefined;
}

/** How many there are in an inbox. */
export interface Counts {
  /** Events by state. */
  events: Record<EventState, number>;
  /** Our own jobs by state. */
  jobs: Record<'intended' | 'expected' | 'unknown' | 'refused' | 'completed' | 'gaveUp', number>;
  /** How long the event has waited, in milliseconds, that waits for a handler the longest; null where none does. */
  oldestReadyMs: number | null;
}

/** What was taken away. */
export interface Pruned {
  /** Bodies of events that are done. */
  bodies: number;
  /** Events of which nothing is left. */
  events: number;
  /** Jobs of ours of which nothing is left. */
  jobs: number;
}

/** An entry as its JSON has it. */
export type NativeEntry = Omit<
  {
    [Key in keyof Entry]: Date extends Entry[Key] ? number | null : Entry[Key] | null;
  },
  'body'
>;

export function entryOf(told: NativeEntry, body?: Uint8Array): Entry {
  const { receivedAt, confirmedAt, doneAt, nextAt, rid, jobId, error, ...plain } = told;
  return {
    ...plain,
    rid: rid ?? undefined,
    jobId: jobId ?? undefined,
    receivedAt: new Date(receivedAt ?? 0),
    confirmedAt: dateOf(confirmedAt),
    doneAt: dateOf(doneAt),
    nextAt: dateOf(nextAt),
    error: error ?? undefined,
    body,
  } as Entry;
}

function dateOf(milliseconds: number | null | undefined): Date | undefined {
  return milliseconds === null || milliseconds === undefined ? undefined : new Date(milliseconds);
}
