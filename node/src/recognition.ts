// What recognition keeps of faces in one namespace: identities, pictures, groups, and the jobs that found them.

import * as check from './arguments.js';
import { type CallOptions, type Core, signalOf } from './core.js';
import { aborted, translated } from './errors.js';
import type { FaceGroup, FaceImage, Identity, RecognizeJob, SortOrder } from './models.js';

/** Which rows a search is after: every condition that is given must hold. */
export interface RecognitionSearch {
  /** At most so many rows, 1 to 100; 20 where it is not said. */
  limit?: number | undefined;
  /** How many rows to pass over, 0 to 100. Offset and limit reach 200 rows: `all(..)` reaches the rest. */
  offset?: number | undefined;
  /** Made at this moment or later: a Date, or UNIX time in milliseconds. */
  start?: Date | number | undefined;
  /** Made at this moment or before. */
  end?: Date | number | undefined;
  /** In which order of their making; the newest first where it is not said. */
  sortBy?: SortOrder | undefined;
  /** Only those of these ids, at most 100. */
  ids?: readonly string[] | undefined;
  /** Only those of these cameras or sources, at most 20; `null`: only those of none. */
  feedIds?: readonly string[] | null | undefined;
  /** Only those to which you gave one of these names, at most 20; `null`: only those without one. */
  customIds?: readonly string[] | null | undefined;
}

const SEARCH = ['limit', 'offset', 'start', 'end', 'sortBy', 'ids', 'feedIds', 'customIds'];

function searchOf(search: RecognitionSearch | undefined, call: string): object {
  const given = check.options(search, call, SEARCH);
  // JSON.stringify keeps null, and leaves out what is undefined: the API tells them apart.
  const names = (field: 'feedIds' | 'customIds') => (given[field] === null ? null : check.texts(given[field], field));
  return {
    limit: check.integer(given.limit, 'limit'),
    offset: check.integer(given.offset, 'offset'),
    start: check.moment(given.start, 'start'),
    end: check.moment(given.end, 'end'),
    sortBy: check.text(given.sortBy, 'sortBy'),
    ids: check.texts(given.ids, 'ids'),
    feedIds: names('feedIds'),
    customIds: names('customIds'),
  };
}

/** One part of one namespace. */
interface Place {
  core: Core;
  namespace: string;
  room: 'identities' | 'images' | 'groups' | 'recognize';
}

function call<T>(at: Place, what: string, args: object, options: CallOptions): Promise<T> {
  const { core, namespace, room } = at;
  return core.call<T>(`${room}.${what}`, { namespace, ...args }, signalOf(options, what));
}

async function* everyRow<Row>(
  { core, room }: Place,
  args: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Row, void, undefined> {
  const rows = translated(() => core.open().rows(room, args));
  for (;;) {
    const page = await core.run<Row[] | undefined>(signal, (client) => client.page(rows));
    if (!page) return;
    for (const row of page) {
      if (signal?.aborted) throw aborted(signal);
      yield row;
    }
  }
}

/** Rows of one sort in a namespace. */
class Room<Row> {
  readonly #at: Place;

  /** @internal */
  constructor(at: Place) {
    this.#at = at;
  }

  /** One by its id. Rejects with a `NotFoundError` where the API does not know it. */
  async get(id: string, options: CallOptions = {}): Promise<Row> {
    return call<Row>(this.#at, 'get', { id: check.named(id, 'id', 'an id') }, options);
  }

  /** One page of a search. */
  async search(search: RecognitionSearch = {}, options: CallOptions = {}): Promise<Row[]> {
    return call<Row[]>(this.#at, 'search', { body: searchOf(search, 'search') }, options);
  }

  /**
   * Every row that a search is after, beyond the 200 that pages reach. A page is fetched when the rows before it have been
   * taken; `break` ends it. Each loop over it searches anew.
   *
   * ```ts
   * for await (const somebody of client.recognition('staff').identities.all()) console.log(somebody.customId);
   * ```
   */
  all(search: RecognitionSearch = {}, options: CallOptions = {}): AsyncIterable<Row> {
    const at = this.#at;
    const args = JSON.stringify({ namespace: at.namespace, body: searchOf(search, 'all') });
    const signal = signalOf(options, 'all');
    return { [Symbol.asyncIterator]: () => everyRow<Row>(at, args, signal) };
  }
}

/** Somebody new. */
export interface IdentityOptions {
  /** Your name for them, at most 256 characters. */
  customId?: string | undefined;
  /** Pictures of their face, by the ids that recognize jobs gave them. */
  imageIds?: readonly string[] | undefined;
}

/** What to change about somebody. */
export interface IdentityChange {
  /** Another name of yours for them. */
  customId?: string | undefined;
  /** Pictures to add, by their ids: at most 20. */
  add?: readonly string[] | undefined;
  /** Pictures to take away, by their ids: at most 20. Somebody without pictures stays known. */
  remove?: readonly string[] | undefined;
}

/** Whom the service knows: `client.recognition('staff').identities`. */
export class Identities extends Room<Identity> {
  readonly #at: Place;

  /** @internal */
  constructor(at: Place) {
    super(at);
    this.#at = at;
  }

  /**
   * Makes somebody known, with a name of your own and pictures of their face, or without. It is sent once: where the answer
   * is lost, the error is an `OutcomeUnknownError`. So it is with `update` and `delete`.
   */
  async create(identity: IdentityOptions = {}, options: CallOptions = {}): Promise<Identity> {
    const { customId, imageIds } = check.options(identity, 'create', ['customId', 'imageIds']);
    const body = { customId: check.text(customId, 'customId'), imageIds: check.texts(imageIds, 'imageIds') };
    return call<Identity>(this.#at, 'create', { body }, options);
  }

  /** Changes a name, adds pictures or takes them away. */
  async update(id: string, change: IdentityChange, options: CallOptions = {}): Promise<Identity> {
    const given = check.options(change, 'update', ['customId', 'add', 'remove']);
    const [add, remove] = [check.texts(given.add, 'add'), check.texts(given.remove, 'remove')];
    // Both lists travel where one does.
    const images = add || remove ? { add: add ?? [], remove: remove ?? [] } : undefined;
    const body = { customId: check.text(given.customId, 'customId'), images };
    return call<Identity>(this.#at, 'update', { id: check.named(id, 'id', 'an id'), body }, options);
  }

  /** Forgets somebody; the pictures of their face are nobody's then. */
  async delete(id: string, options: CallOptions = {}): Promise<void> {
    return call<void>(this.#at, 'delete', { id: check.named(id, 'id', 'an id') }, options);
  }
}

/** The pictures of faces: `client.recognition('staff').images`. */
export class FaceImages extends Room<FaceImage> {
  readonly #at: Place;

  /** @internal */
  constructor(at: Place) {
    super(at);
    this.#at = at;
  }

  /** The picture itself, a JPEG. The API says where it is, and it is fetched from there, without the token. */
  async picture(id: string, options: CallOptions = {}): Promise<Uint8Array> {
    return call<Uint8Array>(this.#at, 'picture', { id: check.named(id, 'id', 'an id') }, options);
  }
}

/** The groups that the service makes of faces. */
export type FaceGroups = Room<FaceGroup>;
/** Recognize jobs that were made before. */
export type RecognizeJobs = Room<RecognizeJob>;

/** What the service keeps of faces in a namespace: `client.recognition('staff')`. */
export class Recognition {
  /** Which one: it keeps one user's faces apart from another's. */
  readonly namespace: string;
  /** Whom the service knows. */
  readonly identities: Identities;
  /** The pictures of faces. */
  readonly images: FaceImages;
  /** The groups that the service makes of faces. */
  readonly groups: FaceGroups;
  /** Recognize jobs that were made before. */
  readonly jobs: RecognizeJobs;

  /** @internal */
  constructor(core: Core, namespace: string) {
    this.namespace = namespace;
    this.identities = new Identities({ core, namespace, room: 'identities' });
    this.images = new FaceImages({ core, namespace, room: 'images' });
    this.groups = new Room({ core, namespace, room: 'groups' });
    this.jobs = new Room({ core, namespace, room: 'recognize' });
  }
}
