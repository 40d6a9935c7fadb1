// What jobs are asked for with. JSON.stringify would drop what it cannot write, or make it null: so the types are looked at
// here. What a request may say is core's.

import * as check from './arguments.js';
import type { JobKind } from './callback-keys.js';
import { classesOf } from './classes.js';
import type { Image } from './images.js';
import type { DetectClass, Examples, Target } from './models.js';

/** What every job takes. */
export interface JobOptions {
  /** 1 to 64 pictures. A string is a URL; a file is `{ path }`. */
  images: readonly Image[];
  /** Your name for the job, at most 64 characters. */
  customId?: string | undefined;
  /** Which camera or source the pictures came from, at most 64 characters. */
  feedId?: string | undefined;
  /** Where the service posts the finished job: public, with no authentication in front. */
  webhookUrl?: string | undefined;
  /**
   * Whether the inbox of the client's `webhooks` hands the finished job to a handler, as it does where nothing is said. `false`:
   * only this job's own `wait` is told.
   */
  deliver?: boolean | undefined;
}

/** What to look for, and where. */
export interface DetectOptions extends JobOptions {
  /** The classes to look for: their names, or with settings. */
  classes: readonly (string | DetectClass)[];
  /** Asks where in the picture each object is. A server may leave that out. */
  boundingBoxes?: boolean | undefined;
}

/** Whom or what to look for, and where. */
export interface MatchOptions extends JobOptions {
  /** This one of a class, as 1 to 3 other pictures show it. */
  target: Target;
}

/** What to ask, and about which pictures. */
export interface AskOptions extends JobOptions {
  /** The question, to be answered with yes or no, at most 256 characters. */
  question: string;
  /** Pictures for which the answer is known. */
  examples?: Examples | undefined;
}

/** Where to look for faces, and among whom. */
export interface RecognizeOptions extends JobOptions {
  /** Which identities are compared: one user's are kept apart from another's by it. At most 128 characters. */
  namespace: string;
}

/** The options of each kind of job. */
export interface OptionsOf {
  detect: DetectOptions;
  match: MatchOptions;
  ask: AskOptions;
  recognize: RecognizeOptions;
}

/** A request as it crosses: its JSON, without the pictures. */
interface Request {
  namespace: string | undefined;
  json: string;
  deliver: boolean | undefined;
}

const COMMON = ['feedId', 'webhookUrl', 'deliver'];

/** Options, of which no more is known than that there are none but these. */
type Given = { readonly [name: string]: unknown };

/** What each kind of job has of its own in a request. */
const OWN: { readonly [Kind in JobKind]: { keys: string[]; body(given: Given): object } } = {
  detect: {
    keys: ['classes', 'boundingBoxes'],
    body: ({ classes, boundingBoxes }) => ({
      classes: classesOf(classes),
      boundingBox: check.flag(boundingBoxes, 'boundingBoxes'),
    }),
  },
  match: { keys: ['target'], body: ({ target }) => ({ target: targetOf(target) }) },
  ask: {
    keys: ['question', 'examples'],
    body: ({ question, examples }) => ({
      question: check.needed(question, 'question'),
      examples: examplesOf(examples),
    }),
  },
  recognize: { keys: ['namespace'], body: () => ({}) },
};

/** The options of a submit. */
export function givenOf(kind: JobKind, call: string, options: object): Given {
  return { ...check.options(options, call, ['images', 'customId', ...COMMON, ...OWN[kind].keys]) };
}

/** The options of a run, `more` of which are no part of its requests. It takes no `customId`: why not, core says. */
export function givenOfAll(kind: JobKind, call: string, options: object, more: readonly string[]): Given {
  return { ...check.options(options, call, [...COMMON, ...OWN[kind].keys, ...more], undefined, ['customId']) };
}

export function requestOf(kind: JobKind, given: Given): Request {
  const namespace = kind === 'recognize' ? check.needed(given.namespace, 'namespace') : undefined;
  const json = JSON.stringify({
    images: [],
    ...OWN[kind].body(given),
    customId: check.text(given.customId, 'customId'),
    feedId: check.text(given.feedId, 'feedId'),
    webhookUrl: check.text(given.webhookUrl, 'webhookUrl'),
  });
  return { namespace, json, deliver: check.flag(given.deliver, 'deliver') };
}

function targetOf(target: unknown): Target {
  const wanted = '{ class, images, customId }';
  if (typeof target !== 'object' || target === null) return check.refuse('target', target, wanted);
  const given = check.options(target as Given, 'target', ['class', 'images', 'customId']);
  return {
    class: check.needed(given.class, 'target.class'),
    images:
      check.texts(given.images, 'target.images') ?? check.refuse('target.images', given.images, 'an array of URLs'),
    customId: check.text(given.customId, 'target.customId'),
  };
}

function examplesOf(examples: unknown): Examples | undefined {
  if (examples === undefined || examples === null) return undefined;
  const { yes, no } = check.options(examples as Given, 'examples', ['yes', 'no']);
  return { yes: check.texts(yes, 'examples.yes'), no: check.texts(no, 'examples.no') };
}
