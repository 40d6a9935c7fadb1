// A program of a careful user: what should compile does, and what should not is marked.

import {
  AbortError,
  type All,
  type AnyHandle,
  type AsCompleted,
  CallbackKeys,
  type CallbackToken,
  classes,
  customIdOrUrl,
  type DeliveredEvent,
  type Delivery,
  type DetectClass,
  type DetectHandle,
  type DetectJob,
  type Entry,
  type ExclusionZones,
  errors,
  type FaceGroup,
  type FaceHit,
  type Feedback,
  faces,
  fetchWebhookHandler,
  found,
  type Hit,
  type Identity,
  type Image,
  ImageIntelligence,
  ImageIntelligenceError,
  type Images,
  Inbox,
  type Item,
  isDone,
  type JobHandle,
  JobLostError,
  type JobSearch,
  type MatchJob,
  matched,
  OutcomeUnknownError,
  type Progress,
  parseWebhook,
  Receiver,
  type RecognitionSearch,
  type RecognizedImage,
  type Recovered,
  type Registration,
  rawJson,
  WaitTimeoutError,
  type WebhookEvent,
  webhookHandler,
  yes,
} from 'image-intelligence';

export async function main(bytes: Uint8Array, secret: string, headers: Headers): Promise<string[]> {
  const client = new ImageIntelligence({ baseUrl: 'https://e.com/v2', requestTimeout: 1000 });
  const { signal } = new AbortController();
  const handle: DetectHandle = await client.detect(
    {
      images: [{ path: 'a.jpg', customId: 'a' }, 'https://e.com/b.jpg', bytes, { data: bytes }],
      classes: ['person', { class: 'car', verify: 'NEVER' }, { class: 'cat', verify: 'SOMETHING_NEW' }],
      boundingBoxes: true,
    },
    { signal },
  );
  const job: DetectJob = await client.resume(handle.resumeToken, 'detect').wait({ timeout: 60_000, signal });
  const hits: Hit[] = found(job, 'person');
  const confidence: number | undefined = hits[0]?.confidence;
  // An open enum: what is known completes, what is not is a string all the same.
  if (job.status === 'COMPLETED_SUCCESSFULLY' || job.status === 'PAUSED') console.log(confidence, isDone(job));
  console.log(errors(job).map(customIdOrUrl), rawJson(job), (await client.detectJobs.get(job.id)).imageResults.length);

  const event: WebhookEvent = parseWebhook(bytes, headers, { secret });
  if (event.kind === 'detect') console.log(event.job.id);
  // @ts-expect-error: what is unknown has no job
  else console.log(event.job);
  parseWebhook(bytes, { 'x-niro-signature': 'sha256=00' }, { secret: [secret], allowSha1: true });
  // @ts-expect-error: the raw bytes are wanted, not the object
  parseWebhook({ id: '1' });
  // @ts-expect-error: a secret that may not be there
  parseWebhook(bytes, headers, { secret: undefined });

  const keys = new CallbackKeys({ 1: bytes });
  const token: CallbackToken = keys.verify('x', ['https://e.com'], new Date());
  console.log(token.kind, keys.mint({ kind: 'detect', expires: new Date(), rid: token.rid, base: 'https://e.com' }));

  // @ts-expect-error: a number is no picture
  await client.detect({ images: [7], classes: ['person'] }).catch(() => undefined);
  // @ts-expect-error: classes are wanted
  await client.detect({ images: [] }).catch(() => undefined);
  const grid: ExclusionZones = { type: 'GRID', size: undefined, zones: [[0]] };
  const car: DetectClass = { class: 'car', verify: undefined, exclusionZones: grid };
  // @ts-expect-error: there is no other type
  const circle: ExclusionZones = { type: 'CIRCLE', zones: [[0]] };
  console.log(car, circle);
  client.close();
  return classes(job);
}

export async function others(client: ImageIntelligence, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  const images = [bytes];
  const target = { class: 'dog', images: ['https://e.com/rex.jpg'], customId: undefined };
  const match: MatchJob = await (await client.match({ images, target, feedId: 'door' }, { signal })).wait();
  console.log(matched(match)?.url, errors(match).map(customIdOrUrl), isDone(match));
  // @ts-expect-error: a match job has no objects
  console.log(found(match, 'dog'));
  const ask = await client.ask({ images, question: 'Is it open?', examples: { yes: target.images } });
  console.log(yes(await ask.get({ signal }))?.customId);
  // @ts-expect-error: a question is wanted
  await client.ask({ images }).catch(() => undefined);
  const recognize = await (await client.recognize({ images, namespace: 'staff' })).wait();
  const hits: FaceHit[] = faces(recognize);
  const failed: RecognizedImage[] = errors(recognize);
  console.log(hits[0]?.face.identityId, failed, rawJson(recognize));

  // Which kind it is, the handle says.
  const any: AnyHandle = client.resume(ask.resumeToken);
  if (any.kind === 'recognize') console.log((await any.wait()).images);
  // @ts-expect-error: of which kind it is has yet to be looked at
  else console.log((await any.wait()).question);
  const known: JobHandle<'ask'> = client.resume(ask.resumeToken, 'ask');
  // @ts-expect-error: there is no such kind
  console.log(known.kind satisfies 'ask', client.resume(ask.resumeToken, 'dog'));

  const search: JobSearch = { after: new Date(), before: Date.now(), feedId: undefined };
  const [first] = await client.matchJobs.search(search, { signal });
  console.log(first?.jobResults.target?.class, (await client.askJobs.get('1')).question);

  const staff = client.recognition('staff');
  const ann: Identity = await staff.identities.create({ customId: 'ann', imageIds: ['f-1'] as const });
  await staff.identities.update(ann.id, { add: ['f-2'] }, { signal });
  await staff.identities.delete(ann.id);
  const unnamed: RecognitionSearch = { customIds: null, feedIds: ['door'], sortBy: 'ASC', limit: 10 };
  for await (const image of staff.images.all(unnamed, { signal })) console.log(image.boundingBox?.xMin);
  const groups: FaceGroup[] = await staff.groups.search(unnamed);
  const picture: Uint8Array = await staff.images.picture('f-1');
  console.log(groups, picture.length, (await staff.jobs.get('1')).images);

  const feedback: Feedback = await client.feedback.create('1', { person: 'FALSE_POSITIVE' });
  await client.feedback.create('1', feedback.classes);
  console.log((await client.feedback.list()).length, await client.image(new URL('https://e.com/1')));
  const webhook: Registration = await client.registerWebhook({ url: 'https://e.com/ii', secretKey: 'correct horse' });
  console.log(webhook.secretKey?.length);
  // @ts-expect-error: a secret that may not be there
  await client.registerWebhook({ url: 'https://e.com/ii', secretKey: undefined }).catch(() => undefined);
}

export async function many(client: ImageIntelligence, paths: AsyncIterable<string>): Promise<void> {
  const { signal } = new AbortController();
  async function* pictures() {
    for await (const path of paths) yield { path, customId: path, taken: 'today' };
  }
  const onProgress = ({ total, done, inFlight }: Progress) => console.log(total?.toFixed(), done + inFlight);
  const run = client.detectAll(pictures(), {
    classes: ['person'],
    batchSize: 16,
    concurrency: 4,
    ordered: true,
    manifest: 'run.jsonl',
    timeout: 60_000,
    onProgress,
    signal,
    feedId: 'door',
  });
  for await (const item of run) {
    // What was passed in, as it was passed in.
    console.log(item.source.taken, item.index, item.jobId?.length, item.chosen satisfies boolean);
    // @ts-expect-error: there may be none
    console.log(item.result.objects);
    if (item.ok) console.log(item.result.objects[0]?.confidence, item.error satisfies undefined);
    else console.log(item.error.kind, item.result?.status);
    break;
  }
  const tokens: string[] = run.inFlight;
  run.stop();

  const target = { class: 'dog', images: ['https://e.com/rex.jpg'] };
  const match: All<'match', string> = client.matchAll(new Set(['https://e.com/1.jpg']), { target });
  const first: IteratorResult<Item<'match', string>, undefined> = await match.next();
  if (!first.done) console.log(first.value.source.length, first.value.result?.status, match.progress.elapsed);
  const list: Image[] = ['https://e.com/1.jpg', new URL('https://e.com/2.jpg'), new Uint8Array(1)];
  const iterable: Iterable<Image> = list;
  const images: Images = list;
  client.detectAll(iterable, { classes: ['person'] }).stop();
  for await (const { ok, result, chosen } of client.askAll(images, { question: 'Is it?' }))
    if (ok && chosen) console.log(result.id);
  for await (const { result } of client.recognizeAll(images, { namespace: 'staff' })) console.log(result?.objects);
  // @ts-expect-error: one name for many jobs
  client.detectAll(images, { classes: ['person'], customId: 'mine' });
  // @ts-expect-error: a number is no picture
  client.detectAll([1], { classes: ['person'] });
  // A string is an iterable of strings, and each of its letters would be a picture.
  // @ts-expect-error: one picture is no array
  client.detectAll('https://e.com/1.jpg', { classes: ['person'] });
  // @ts-expect-error: one picture is no array
  client.matchAll('https://e.com/1.jpg', { target });
  // @ts-expect-error: one picture is no array
  client.askAll('https://e.com/1.jpg', { question: 'Is it?' });
  // @ts-expect-error: one picture is no array
  client.recognizeAll('https://e.com/1.jpg', { namespace: 'staff' });
  // @ts-expect-error: a question is wanted
  client.askAll(images, {});

  const handles: JobHandle<'detect'>[] = tokens.map((token) => client.resume(token, 'detect'));
  for await (const { job, ok, result, error } of client.asCompleted(handles, { timeout: 1000, signal })) {
    const same: DetectHandle = job;
    if (ok) console.log(same.id, result.imageResults, error satisfies undefined);
    else console.log(error.message, result satisfies undefined);
  }
  // @ts-expect-error: one token is no array
  client.track('ii1_x');
  const all: AsCompleted = client.track(tokens);
  for await (const { result } of all) if (result && 'question' in result) console.log(result.question);
  await using tidy = client.track(tokens);
  console.log((await tidy.next()).done);
}

export async function restart(): Promise<void> {
  const client = new ImageIntelligence({ journal: 'submits.jsonl', requestsPerSecond: 5 });
  for (const submit of await client.recover()) {
    const { kind, sentAt }: Recovered = submit;
    if (submit.outcome === 'accepted') console.log(kind, sentAt.getTime(), client.resume(submit.resumeToken).id);
    // @ts-expect-error: there is none where the job was not sent
    else console.log(submit.resumeToken);
    if (submit.outcome === 'unknown') console.log(submit.message, submit.candidates);
    await client.forget(submit);
  }
}

export function tell(event: WebhookEvent): string {
  switch (event.kind) {
    case 'detect':
      return classes(event.job).join();
    case 'match':
      return String(matched(event.job)?.url);
    case 'ask':
      return event.job.question;
    case 'recognize':
      return String(faces(event.job).length);
    case 'event':
      return `${event.event.event} ${event.event.identity?.id}`;
    case 'unknown':
      return String(event.raw.length);
  }
}

export function explain(error: unknown): string | undefined {
  if (error instanceof WaitTimeoutError) {
    const kind: 'wait_timeout' = error.kind;
    const token: string = error.resumeToken;
    return `${kind} ${token}`;
  }
  if (error instanceof JobLostError) {
    const token: string = error.resumeToken;
    return token;
  }
  if (error instanceof OutcomeUnknownError) {
    const candidates: string[] = error.candidates;
    const customId: string = error.customId;
    return [customId, ...candidates].join();
  }
  if (error instanceof AbortError) return String(error.reason);
  if (error instanceof ImageIntelligenceError) return `${error.kind} ${error.status} ${error.retryAfter}`;
  return undefined;
}

export async function told(secret: string, keys: CallbackKeys): Promise<string[]> {
  const inbox = await Inbox.open('inbox.db', { handlerTimeout: 60_000, callbackKeys: keys });
  const receiver: Receiver = await Receiver.listen(inbox, { address: '127.0.0.1:0', secrets: [secret] });
  await using behind = await Receiver.create(inbox, { publicUrl: receiver.publicUrl, limits: { maxBody: 1 << 20 } });
  const client = new ImageIntelligence({ webhooks: receiver });
  await client.ask({ images: ['https://e.com/a.jpg'], question: 'Is it open?', deliver: false });
  const seen: string[] = [];
  for await (const delivery of inbox) {
    seen.push(what(delivery.event), delivery.idempotencyKey, delivery.receivedAt.toISOString());
    if (delivery.attempt > 3) await delivery.bury('enough');
    else if (seen.length > 9) await delivery.nack(new Error('not now'), { after: 1000 });
    else await delivery.ackWith('INSERT INTO seen VALUES (?1, ?2)', [delivery.jobId, delivery.raw]);
  }
  const one: Delivery | undefined = await inbox.next({ signal: new AbortController().signal });
  await one?.ack();
  const [first]: Entry[] = await inbox.list({ state: 'dead', limit: 1 });
  if (first !== undefined) await inbox.replay([first.seq]);
  // @ts-expect-error no such state
  await inbox.list({ state: 'gone' });
  // @ts-expect-error it has no listener without an address
  await Receiver.listen(inbox, {});
  // @ts-expect-error a receiver needs no function
  webhookHandler(receiver, () => undefined);
  // @ts-expect-error what comes must go somewhere
  webhookHandler({ secret });
  webhookHandler({ keys, publicUrl: 'https://e.com' }, async (event: WebhookEvent) => void event.raw);
  const fetched: (request: Request) => Promise<Response> = fetchWebhookHandler(behind);
  return [...seen, typeof fetched];
}

function what(event: DeliveredEvent): string {
  switch (event.kind) {
    case 'gave_up':
      return event.gaveUp.reason;
    case 'event':
      return event.event.event;
    case 'unknown':
      return `${event.raw.length} bytes`;
    default:
      return event.job.id;
  }
}
