// What callers tell the service: where a detect job was wrong, and where the events of recognition are to go.

import * as check from './arguments.js';
import { type CallOptions, type Core, signalOf } from './core.js';
import type { Feedback, FeedbackClass, FeedbackCode, RegisteredWebhook } from './models.js';

/** About which classes a job was wrong, and how: by their names, or as a list. */
export type WrongClasses = Readonly<Record<string, FeedbackCode>> | readonly FeedbackClass[];

/** Feedback about detect jobs: `client.feedback`. */
export class Feedbacks {
  readonly #core: Core;

  /** @internal */
  constructor(core: Core) {
    this.#core = core;
  }

  /**
   * Says about which classes a detect job was wrong. It is sent once: where the answer is lost, the error is an
   * `OutcomeUnknownError`.
   *
   * ```ts
   * await client.feedback.create(job.id, { person: 'FALSE_POSITIVE' });
   * ```
   */
  async create(jobId: string, classes: WrongClasses, options: CallOptions = {}): Promise<Feedback> {
    const body = { jobId: check.named(jobId, 'jobId', 'the id of a detect job'), classes: wrongOf(classes) };
    return this.#core.call<Feedback>('feedback.create', { body }, signalOf(options, 'create'));
  }

  /** Feedback by its id. Rejects with a `NotFoundError` where the API does not know it. */
  async get(id: string, options: CallOptions = {}): Promise<Feedback> {
    const given = check.named(id, 'id', 'the id of feedback');
    return this.#core.call<Feedback>('feedback.get', { id: given }, signalOf(options, 'get'));
  }

  /** The feedback about a detect job, or all of it. */
  async list(jobId?: string, options: CallOptions = {}): Promise<Feedback[]> {
    const id = jobId === undefined ? undefined : check.named(jobId, 'jobId', 'the id of a detect job');
    return this.#core.call<Feedback[]>('feedback.list', { id }, signalOf(options, 'list'));
  }
}

function wrongOf(classes: unknown): FeedbackClass[] {
  if (typeof classes !== 'object' || classes === null) {
    return check.refuse('classes', classes, "{ person: 'FALSE_POSITIVE' } or [{ class, code }]");
  }
  const pairs = Array.isArray(classes)
    ? Array.from(classes, (item, index): [unknown, unknown, string] => {
        const field = `classes[${index}]`;
        if (typeof item !== 'object' || item === null) check.refuse(field, item, '{ class, code }');
        const given = check.options(item as FeedbackClass, field, ['class', 'code']);
        return [given.class, given.code, field];
      })
    : Object.entries(classes).map(([name, code]): [unknown, unknown, string] => [name, code, `classes.${name}`]);
  return pairs.map(([name, code, field]) => ({
    class: check.needed(name, `${field}.class`),
    code: check.needed(code, Array.isArray(classes) ? `${field}.code` : field),
  }));
}

/** Where events are to go. */
export interface RegistrationOptions {
  /** Where the service is to post events: public, at most 2048 characters. */
  url: string;
  /**
   * With which each event is signed, 8 to 256 characters. One that is there but undefined, such as a variable that is not
   * set, is refused: what is registered cannot be taken back.
   */
  secretKey?: string;
}

/** A webhook that was registered. */
export interface Registration extends RegisteredWebhook {
  /**
   * With which its events are signed: yours, or one that the service made up. Keep it: the API does not say it again. It is
   * printed with nothing, and not copied by `{ ...registration }`.
   */
  readonly secretKey?: string;
}

export async function register(core: Core, options: RegistrationOptions, call: CallOptions): Promise<Registration> {
  const signal = signalOf(call, 'registerWebhook');
  const given = check.options(options, 'registerWebhook', ['url', 'secretKey']);
  const body = {
    url: check.needed(given.url, 'url', 'a URL'),
    secretKey:
      'secretKey' in given
        ? check.needed(given.secretKey, 'secretKey', 'a string (leave it out for events that are not signed)')
        : undefined,
  };
  return core.call<Registration>('webhooks.register', { body }, signal);
}
