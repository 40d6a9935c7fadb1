// A program of a careful user: what should compile does, and what should not is marked.

import {
  AbortError,
  CallbackKeys,
  type CallbackToken,
  classes,
  customIdOrUrl,
  type DetectClass,
  type DetectHandle,
  type DetectJob,
  type ExclusionZones,
  errors,
  found,
  type Hit,
  ImageIntelligence,
  ImageIntelligenceError,
  isDone,
  JobLostError,
  OutcomeUnknownError,
  parseWebhook,
  rawJson,
  WaitTimeoutError,
  type WebhookEvent,
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
  const job: DetectJob = await client.resume(handle.resumeToken).wait({ timeout: 60_000, signal });
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
