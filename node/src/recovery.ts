// What a journal has of earlier processes.

import * as check from './arguments.js';
import type { JobKind } from './callback-keys.js';
import { type CallOptions, type Core, signalOf } from './core.js';

/** A submit of an earlier process that nobody saw the end of: what became of it says its `outcome`. */
export type Recovered = {
  /** Our own name for the job. */
  rid: string;
  /** What the job does. */
  kind: JobKind;
  /** The namespace of a recognize job. */
  namespace?: string;
  /** The name that the job carries, if it exists: yours, or else ours. */
  customId: string;
  /** How many pictures it has. */
  images: number;
  /** When it was sent or was about to be, by the clock of the machine that did. */
  sentAt: Date;
  /** The ids of jobs that may be the one, where that is not known; none is proven. */
  candidates: string[];
} & (
  | { /** It never left as a whole: there is no job, and it may be sent again. */ outcome: 'not_sent' }
  | { /** The job exists. */ outcome: 'accepted' /** What `client.resume(..)` takes. */; resumeToken: string }
  | { /** It left, and no job that is provably it was found. */ outcome: 'unknown' /** What to do. */; message: string }
);

export async function recover(core: Core, options: CallOptions): Promise<Recovered[]> {
  const submits = await core.call<Recovered[]>('journal.recover', {}, signalOf(options, 'recover'));
  return submits.map((submit) => ({ ...submit, sentAt: new Date(submit.sentAt) }));
}

export async function forget(core: Core, submit: Recovered, options: CallOptions): Promise<void> {
  const id = check.named(Object(submit).rid, 'submit.rid', 'that of a recovered submit');
  return core.call<void>('journal.forget', { id }, signalOf(options, 'forget'));
}
