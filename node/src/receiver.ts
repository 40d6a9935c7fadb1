// The receiver: takes webhooks, and answers 200 once what they brought is on the disk.

import * as check from './arguments.js';
import { Admission, type Desk } from './desk.js';
import { ConfigError } from './errors.js';
import { coreOf, type Inbox, type InboxCore } from './inbox.js';
import { listen } from './log.js';
import type { NativeAdmitted, NativeAnswer, NativeReceiver } from './native.js';
import { secretsOf } from './webhooks.js';

/** How much a receiver lets strangers use up. Times are in milliseconds, sizes in bytes. */
export interface ReceiverLimits {
  /** The largest body: 4 MiB. More is answered 413, and the job is asked for instead. */
  maxBody?: number | undefined;
  /** How long a body may take: 3,000. More is answered 408. */
  bodyTimeout?: number | undefined;
  /** What all bodies that are not on the disk yet may take: 64 MiB. More is answered 503. */
  inFlight?: number | undefined;
  /** How long any answer may take: 8,000, as the sender gives up at 10,000. What is not on the disk by then is answered 503. */
  answerTimeout?: number | undefined;
  /** Of our own listener, how many connections at once: 1,024. */
  connections?: number | undefined;
}

/** How a receiver is set up. */
export interface ReceiverOptions {
  /** The address at which the service reaches us, such as `https://hooks.example.com/ii`: each job's own URL begins with it. */
  publicUrl?: string | undefined;
  /** Up to three public addresses of earlier days, whose callback URLs may still be out and so are good. */
  formerUrls?: readonly string[] | undefined;
  /**
   * The secretKey with which the webhook was registered that posts to `{publicUrl}/events`, or up to four of them while they
   * change. A secret that is there but undefined, such as a variable that is not set, is refused and not passed over.
   */
  secrets?: string | readonly string[];
  /** Takes signatures by SHA-1 too. */
  allowSha1?: boolean | undefined;
  /** Takes what nobody vouches for: jobs that others sent, at `{publicUrl}/jobs`, and unsigned events where there is no secret. */
  acceptForeign?: boolean | undefined;
  /**
   * Whether a job's webhook is only a hint until the API itself says the same: for that a client must be attached. By default our
   * own jobs are confirmed always, and those that others sent once a client was attached.
   */
  confirm?: boolean | undefined;
  /** How much a sender may use up. */
  limits?: ReceiverLimits | undefined;
}

/** How a receiver with a listener of its own is set up. */
export interface ListenOptions extends ReceiverOptions {
  /** Where to listen, such as `0.0.0.0:8443`, behind whatever ends TLS; port 0 takes a free one. */
  address: string;
}

const LIMITS = ['maxBody', 'bodyTimeout', 'inFlight', 'answerTimeout', 'connections'];
const OPTIONS = ['publicUrl', 'formerUrls', 'secrets', 'allowSha1', 'acceptForeign', 'confirm', 'limits'];

/** Those that listen: one that nobody holds must not end as garbage, as what the service posts comes to it all the same. */
const listening = new Set<Receiver>();

/** What a receiver stands on. @internal */
export let receiverOf: (receiver: unknown, field: string) => NativeReceiver;
/** The same as a desk for a server of JavaScript's, or nothing where it is no receiver. @internal */
export let deskOf: (receiver: unknown) => Desk | undefined;

/**
 * Takes webhooks, and answers 200 once what they brought is on the disk: on threads of its own, so that a handler which blocks
 * the event loop delays no answer.
 *
 * ```ts
 * const inbox = await Inbox.open('inbox.db');
 * const receiver = await Receiver.listen(inbox, { publicUrl: 'https://hooks.acme.com/ii', address: '0.0.0.0:8443' });
 * const client = new ImageIntelligence({ webhooks: receiver }); // from here on every job brings its own callback URL
 * ```
 *
 * The service posts a finished job to the URL that the job was given, `{publicUrl}/cb/{token}`, which nobody else can guess; and
 * events of a registered webhook to `{publicUrl}/events`, signed. Whatever else comes is answered 404.
 *
 * It does not keep the process alive; a loop over its inbox does.
 */
export class Receiver {
  readonly #core: InboxCore;
  readonly #native: NativeReceiver;
  #closed: Promise<void> | undefined;

  static {
    receiverOf = (receiver, field) => {
      if (typeof receiver === 'object' && receiver !== null && #native in receiver) return receiver.#native;
      return check.refuse(field, receiver, 'a Receiver', ConfigError);
    };
    deskOf = (receiver) => {
      if (typeof receiver !== 'object' || receiver === null || !(#native in receiver)) return undefined;
      const [core, receiverNative] = [receiver.#core, receiver.#native];
      return {
        admit(method, path, headers) {
          const admitted = receiverNative.admit(method, path, headers);
          return 'status' in admitted ? admitted : new Admitted(core, admitted);
        },
      };
    };
  }

  private constructor(core: InboxCore, receiver: NativeReceiver) {
    this.#core = core;
    this.#native = receiver;
  }

  /**
   * Listens. Without a `publicUrl` the public address is the one that is listened at, which must be of the loopback then.
   *
   * Rejects with a `ConfigError` where a setting is wrong or the address cannot be listened on, with a `StoreError` where the
   * inbox's keys cannot be read.
   */
  static async listen(inbox: Inbox, options: ListenOptions): Promise<Receiver> {
    const given = check.options(options, 'Receiver.listen', [...OPTIONS, 'address'], ConfigError);
    const address = check.needed(given.address, 'address', 'an address such as "0.0.0.0:8443"', ConfigError);
    return Receiver.#make(inbox, given, address);
  }

  /** Without a listener, for a server of your own: see `webhookHandler` and `fetchWebhookHandler`. Rejects as `listen` does. */
  static async create(inbox: Inbox, options: ReceiverOptions & { publicUrl: string }): Promise<Receiver> {
    return Receiver.#make(inbox, check.options(options, 'Receiver.create', OPTIONS, ConfigError), undefined);
  }

  static async #make(inbox: Inbox, given: Partial<ReceiverOptions>, address: string | undefined): Promise<Receiver> {
    const core = coreOf(inbox);
    const limits = check.options(given.limits, 'limits', LIMITS, ConfigError);
    const settings = {
      address,
      publicUrl: check.text(given.publicUrl, 'publicUrl', ConfigError),
      formerUrls: check.texts(given.formerUrls, 'formerUrls') ?? [],
      secrets: 'secrets' in given ? [secretsOf(given.secrets, 'secrets')].flat() : [],
      allowSha1: check.flag(given.allowSha1, 'allowSha1', ConfigError) ?? false,
      acceptForeign: check.flag(given.acceptForeign, 'acceptForeign', ConfigError) ?? false,
      confirm: check.flag(given.confirm, 'confirm', ConfigError),
      maxBody: check.count(limits.maxBody, 'limits.maxBody', ConfigError),
      bodyTimeout: check.milliseconds(limits.bodyTimeout, 'limits.bodyTimeout', 0, ConfigError),
      inFlight: check.count(limits.inFlight, 'limits.inFlight', ConfigError),
      answerTimeout: check.milliseconds(limits.answerTimeout, 'limits.answerTimeout', 0, ConfigError),
      connections: check.count(limits.connections, 'limits.connections', ConfigError),
    };
    if ('secrets' in given && settings.secrets.length === 0) {
      check.refuse('secrets', given.secrets, 'a secret (is the variable that should hold it set?)', ConfigError);
    }
    listen();
    const receiver = new Receiver(
      core,
      await core.run<NativeReceiver>(undefined, (native) => native.receiver(settings)),
    );
    if (address !== undefined) listening.add(receiver);
    return receiver;
  }

  /** The public address, with which each job's own URL begins. */
  get publicUrl(): string {
    return this.#native.publicUrl;
  }

  /** Where it listens, such as `127.0.0.1:8443`; undefined where it has no listener of its own. */
  get address(): string | undefined {
    return this.#native.address ?? undefined;
  }

  /**
   * Closes so that nothing is lost: takes no more connections, lets requests end and what they brought get to the disk, then
   * closes the inbox, which waits for the handlers that have an event.
   */
  async close(): Promise<void> {
    this.#closed ??= this.#core
      .run<void>(undefined, (inbox) => inbox.shutDown(this.#native))
      .finally(() => listening.delete(this));
    return this.#closed;
  }

  /** As `close`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

class Admitted extends Admission<NativeAdmitted> {
  readonly #core: InboxCore;

  constructor(core: InboxCore, admitted: NativeAdmitted) {
    super(admitted);
    this.#core = core;
  }

  finish(): Promise<NativeAnswer> {
    return this.#core.run<NativeAnswer>(undefined, (inbox) => inbox.finish(this.native));
  }
}
