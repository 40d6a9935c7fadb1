// The whole contract against a real `ii serve`, which answers as it is told to where it has no model.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import * as ii from 'image-intelligence';
import { inboxOf } from './support/inboxes.mjs';
import { failure } from './support/scripted.mjs';
import { root, serve } from './support/surroundings.mjs';

const photo = (name) => ({ path: join(root, 'examples', 'photos', `${name}.jpg`), customId: name });
const images = [photo('chelsea'), photo('coffee')];
/** A small picture of nothing. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAAAAACPAi4CAAAAKUlEQVR42u3MQREAAAwCIKMb3RD77SAA6VEEAoFAIBAIBAKBQCAQfA8G320AeXC6efoAAAAASUVORK5CYII=',
  'base64',
);
const REX = { class: 'cat', images: ['https://e.com/rex.jpg'], customId: 'rex' };

let server;
let client;
before(async () => {
  server = await serve();
  client = new ii.ImageIntelligence({ baseUrl: server.baseUrl, clientId: 'local', clientSecret: 'local' });
});
after(async () => {
  client.close();
  await server.stop();
});

/** Says what is in which picture. */
async function answers(...rules) {
  const answer = await fetch(new URL('/_ii/answers', server.baseUrl), { method: 'POST', body: JSON.stringify(rules) });
  assert.equal(answer.status, 200, await answer.text());
}

/** The ids of every row, in their order. */
async function every(rows) {
  const ids = [];
  for await (const { id } of rows) ids.push(id);
  return ids;
}

it('match finds the target, and the job is found again', async () => {
  await answers(
    { kind: 'match', image: 'chelsea', matches: true, hitl: true },
    { kind: 'match', image: '*', matches: false },
  );
  const handle = await client.match({ images, target: REX, feedId: 'door' });
  const job = await (await client.resume(handle.resumeToken, 'match')).wait({ timeout: 30_000 });
  assert.deepEqual([ii.isDone(job), ii.matched(job).customId, job.jobResults.hitl], [true, 'chelsea', true]);
  assert.deepEqual(job.jobResults.target, REX);
  assert.equal((await client.matchJobs.get(handle.id)).id, handle.id);
  const search = { feedId: 'door', after: new Date(handle.createdAt.getTime() - 60_000), before: Date.now() + 60_000 };
  assert.deepEqual(
    (await client.matchJobs.search(search)).map(({ id }) => id),
    [handle.id],
  );
  assert.deepEqual(await client.matchJobs.search({ feedId: 'gate' }), []);
  assert.ok((await failure(client.matchJobs.get('nothing'))) instanceof ii.NotFoundError);
});

it('ask has an answer', async () => {
  await answers(
    { kind: 'ask', image: 'coffee', answer: 'yes' },
    { kind: 'ask', image: 'chelsea', status: 'SPIDERWEBS_ERROR' },
  );
  const examples = { no: ['https://e.com/tea.jpg'] };
  const job = await (await client.ask({ images, question: 'Is it coffee?', examples })).wait({ timeout: 30_000 });
  assert.deepEqual([job.question, job.examples, job.status], ['Is it coffee?', examples, 'COMPLETED_PARTIAL_ERROR']);
  assert.equal(ii.yes(job).customId, 'coffee');
  assert.deepEqual(ii.errors(job).map(ii.customIdOrUrl), ['chelsea']);
  assert.equal((await client.askJobs.get(job.id)).id, job.id);
});

it('recognize finds faces, of which somebody becomes known', async () => {
  const boundingBox = { xMin: 1, yMin: 2, xMax: 30, yMax: 40 };
  await answers({ kind: 'recognize', image: 'coffee', faces: [{ confidence: 0.9, boundingBox }] });
  const [, coffee] = images;
  const handle = await client.recognize({ images: [coffee], namespace: 'staff', customId: 'mine' });
  const job = await handle.wait({ timeout: 30_000 });
  const [hit] = ii.faces(job);
  assert.deepEqual([hit.image.customId, hit.face.confidence, hit.face.boundingBox], ['coffee', 0.9, boundingBox]);

  const staff = client.recognition('staff');
  assert.equal((await staff.jobs.get(job.id)).id, job.id);
  assert.deepEqual(await every(staff.jobs.all({ customIds: ['mine'] })), [job.id]);
  const [face] = await staff.images.search({ limit: 1 });
  assert.deepEqual((await staff.images.get(face.id)).boundingBox, boundingBox);
  const jpeg = await staff.images.picture(face.id);
  assert.deepEqual([...jpeg.subarray(0, 2)], [0xff, 0xd8]);
  if (face.url) assert.deepEqual(await client.image(face.url), jpeg);
  for (const id of await every(staff.groups.all())) assert.equal((await staff.groups.get(id)).id, id);

  const ann = await staff.identities.create({ imageIds: [face.id] });
  assert.deepEqual(
    (await staff.identities.get(ann.id)).images.map(({ id }) => id),
    [face.id],
  );
  assert.deepEqual(await every(staff.identities.all({ customIds: null })), [ann.id]);
  await staff.identities.update(ann.id, { customId: 'ann', remove: [face.id] });
  const changed = await staff.identities.get(ann.id);
  assert.deepEqual([changed.customId, changed.images], ['ann', []]);
  assert.deepEqual(await every(staff.identities.all({ customIds: null })), []);
  assert.deepEqual(await every(client.recognition('guests').identities.all()), []);
  await staff.identities.delete(ann.id);
  assert.ok((await failure(staff.identities.get(ann.id))) instanceof ii.NotFoundError);
});

it('feedback about a detect job', async () => {
  const handle = await client.detect({ images, classes: ['cat'], customId: 'told' });
  const job = await handle.wait({ timeout: 60_000 });
  const [stored] = job.imageResults;
  assert.ok((await client.image(stored.proxyUrl)).length > 1000);
  assert.deepEqual((await client.detectJobs.search({ customId: 'told' })).map(ii.classes), [['cat']]);
  const taken = await client.feedback.create(job.id, { cat: 'FALSE_NEGATIVE' });
  assert.deepEqual([taken.jobId, taken.classes], [job.id, [{ class: 'cat', code: 'FALSE_NEGATIVE' }]]);
  assert.deepEqual(await client.feedback.get(taken.id), taken);
  assert.deepEqual(await client.feedback.list(job.id), [taken]);
});

it('any number of pictures, of each kind', async () => {
  const boundingBox = { xMin: 1, yMin: 2, xMax: 30, yMax: 40 };
  await answers(
    { kind: 'match', image: 'chelsea', matches: true },
    { kind: 'match', image: '*', matches: false },
    { kind: 'ask', image: 'coffee', answer: 'yes' },
    { kind: 'ask', image: 'chelsea', answer: 'no' },
    { kind: 'recognize', image: 'coffee', faces: [{ confidence: 0.9, boundingBox }] },
    { kind: 'recognize', image: '*', faces: [] },
  );
  const collected = async (run) => {
    const items = [];
    for await (const item of run) items.push(item);
    assert.deepEqual(
      items.map(({ source, ok, customId }) => [source, ok, customId]),
      images.map((image) => [image, true, image.customId]),
    );
    return items.map(({ chosen, result }) => [chosen, result.objects?.map((one) => one.class ?? one.boundingBox)]);
  };
  const options = { ordered: true, feedId: 'all' };
  assert.deepEqual(await collected(client.detectAll(images, { ...options, classes: ['cat'] })), [
    [true, ['cat']],
    [false, []],
  ]);
  const chosen = (pairs) => pairs.map(([first]) => first);
  assert.deepEqual(chosen(await collected(client.matchAll(images, { ...options, target: REX }))), [true, false]);
  assert.deepEqual(chosen(await collected(client.askAll(images, { ...options, question: 'Is it?' }))), [false, true]);
  assert.deepEqual(await collected(client.recognizeAll(images, { ...options, namespace: 'guests' })), [
    [false, []],
    [false, [boundingBox]],
  ]);
});

it('1,000 pictures, and a wait for many jobs', async () => {
  await answers({ kind: 'ask', image: 'p7', answer: 'yes' }, { kind: 'ask', image: '*', answer: 'no' });
  const seen = new Set();
  async function* pictures() {
    for (let index = 0; index < 1000; index += 1) yield { data: PNG, customId: `p${index}` };
  }
  const quick = new ii.ImageIntelligence({
    baseUrl: server.baseUrl,
    clientId: 'local',
    clientSecret: 'local',
    requestsPerSecond: 20,
  });
  const run = quick.askAll(pictures(), { question: 'Is it seven?', concurrency: 4 });
  for await (const { index, source, ok, customId, chosen } of run) {
    assert.deepEqual([ok, source.customId, customId, chosen], [true, `p${index}`, `p${index}`, index === 7]);
    seen.add(index);
  }
  assert.equal(seen.size, 1000);
  assert.deepEqual([run.progress.done, run.progress.jobs], [1000, 16]);

  const handles = [];
  for (let count = 0; count < 20; count += 1) {
    handles.push(await quick.ask({ images: [{ data: PNG }], question: 'Is it?' }));
  }
  const ended = new Set();
  for await (const { job, ok } of quick.asCompleted(handles, { timeout: 60_000 })) if (ok) ended.add(job);
  assert.equal(ended.size, 20);
  quick.close();
});

it('one webhook for an application', async () => {
  const options = { url: 'https://e.com/ii', secretKey: 'correct horse battery' };
  const told = await client.registerWebhook(options);
  assert.deepEqual([told.url, told.secretKey], [options.url, options.secretKey]);
  const error = await failure(client.registerWebhook(options));
  assert.ok(error instanceof ii.BadRequestError);
  assert.ok(!`${error.message} ${error.body}`.includes('horse'));
});

it('a job is told by its webhook, and handed out once', async () => {
  const { inbox, clean } = await inboxOf();
  const receiver = await ii.Receiver.listen(inbox, { address: '127.0.0.1:0' });
  const told = new ii.ImageIntelligence({
    baseUrl: server.baseUrl,
    clientId: 'local',
    clientSecret: 'local',
    webhooks: receiver,
  });
  const handle = await told.detect({ images, classes: ['cat'] });
  const [job, delivery] = await Promise.all([handle.wait({ timeout: 60_000 }), inbox.next()]);
  assert.deepEqual([delivery.kind, delivery.jobId, delivery.attempt], ['detect', handle.id, 1]);
  assert.deepEqual(
    [job.id, delivery.event.job.status, ii.found(delivery.event.job, 'cat').length],
    [handle.id, job.status, 1],
  );
  await delivery.ack();
  const [entry, ...others] = await inbox.list();
  assert.deepEqual([others.length, entry.state, entry.rid], [0, 'done', delivery.idempotencyKey]);
  assert.ok(entry.confirmedAt instanceof Date);
  assert.equal((await inbox.counts()).jobs.completed, 1);
  told.close();
  await receiver.close();
  await clean();
});
