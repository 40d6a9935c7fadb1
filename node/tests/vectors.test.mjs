// Every case of every shared table.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before } from 'node:test';
import * as ii from 'image-intelligence';
import { strictly, typeOf } from './support/models.mjs';
import { failure, scripted, send } from './support/scripted.mjs';
import { inner, native } from './support/surroundings.mjs';
import { assertDecided, assertRefused, bodyOf, casesOf, table } from './support/vectors.mjs';

const BODY = ['json', 'text', 'base64', 'file'];
const { classes, customIdOrUrl, errors, faces, found, matched, parseWebhook, rawJson, yes } = ii;
const { fromNative } = await inner('errors');

// What core decides, core decides here too: the case goes over the border and back.
for (const [name, fields] of [
  ['poll', ['age_ms', 'limit_ms', 'policy', 'first', 'steps']],
  ['retry', ['failure', 'may_repeat_read', 'may_repeat_create', 'may_have_created']],
  ['retry_after', ['value', 'now_ms', 'wait_ms']],
  ['validation', ['request', 'of', 'limits', 'error']],
  ['token', ['json', 'text', 'base64', 'says', 'error']],
]) {
  table(name, fields, (one) => assertDecided(JSON.parse(native.decide(name, JSON.stringify(one))), one));
}

table('errors', ['answer', 'made', 'expect'], async (one) => {
  const error = await failure(() => decideError(one));
  const { expect } = one;
  const Class = ii[expect.node];
  assert.ok(Class, `there is no class ${expect.node}`);
  assert.ok(error instanceof Class && error instanceof ii.ImageIntelligenceError && error instanceof Error);
  assert.equal(error.name, expect.node);
  assert.equal(error.constructor, Class);
  assert.equal(Class.kind, expect.kind);
  for (const name of ['kind', 'message', 'retryable', 'status']) assert.equal(error[name], expect[name], name);
  for (const [name, told] of [
    ['requestId', 'request_id'],
    ['lastStatus', 'last_status'],
    ['resumeToken', 'resume_token'],
    ['customId', 'custom_id'],
    ['reason', 'reason'],
  ]) {
    assert.equal(error[name], expect[told], name);
  }
  const seconds = expect.retry_after_ms === undefined ? undefined : expect.retry_after_ms / 1000;
  assert.equal(error.retryAfter, seconds);
  assert.deepEqual(error.candidates ?? [], expect.candidates ?? []);
  assert.equal(error.body?.length, expect.body_bytes);
  if ('body' in expect) assert.equal(error.body.toString(), expect.body);
});

function decideError(one) {
  try {
    return native.decide('errors', JSON.stringify(one));
  } catch (thrown) {
    throw fromNative(thrown);
  }
}

const WEBHOOK = ['known_kind', 'event', 'shape', 'id', 'status', 'event_name', 'identity', 'error'];
table('webhook', [...BODY, ...WEBHOOK], async (one) => {
  const body = bodyOf(one);
  const read = () => parseWebhook(body, undefined, { kind: one.known_kind });
  if (one.error) return assertRefused(await failure(read), one.error);
  const event = read();
  assert.equal(event.kind, one.event);
  assert.equal(event.raw, body, 'the body is not reachable as it came');
  if (one.event === 'event') {
    assert.equal(event.event.event, one.event_name);
    assert.equal(event.event.identity?.id ?? null, one.identity);
  } else if (one.event === 'unknown') {
    assert.deepEqual(Object.keys(event), ['kind', 'raw']);
  } else {
    assert.equal(event.job.id, one.id ?? '1');
    if ('status' in one) assert.equal(event.job.status, one.status);
  }
});

table('canonical', [...BODY, 'known_kind', 'event', 'canonical', 'expect', 'error'], async (one) => {
  const body = bodyOf(one);
  const read = () => parseWebhook(body, undefined, { kind: one.known_kind });
  if (one.error) return assertRefused(await failure(read), one.error);
  const judged = native.judge(body, one.known_kind);
  assert.equal((judged & 0b01000) !== 0, one.canonical, 'canonical');
  const { kind, job, event } = read();
  assert.equal(kind, one.event);
  if (kind === 'unknown') return assert.equal(one.expect, undefined, 'something is expected of an unknown body');
  const type = kind === 'event' ? 'RegisteredEvent' : typeOf(`${kind}_job`);
  assert.deepEqual(strictly(type, job ?? event), one.expect);
});

table('signature', ['headers', 'text', 'base64', 'secrets', 'allow_sha1', 'good', 'signed', 'error'], async (one) => {
  assertDecided(JSON.parse(native.decide('signature', JSON.stringify(one))), one);
  const body = bodyOf(one);
  const options = { secret: one.secrets, allowSha1: one.allow_sha1 };
  if (one.signed) {
    const signed = createHmac('sha256', one.secrets[0]).update(body).digest('hex');
    assert.equal(`sha256=${signed}`, one.signed);
  }
  const read = () => parseWebhook(body, one.headers, options);
  if (one.error) return assertRefused(await failure(read), one.error);
  assert.equal(one.good, true, 'a case without an outcome');
  try {
    read();
  } catch (error) {
    // Verified, and then no JSON object: many of these bodies are none.
    assert.equal(error.kind, 'invalid_webhook', error.stack);
  }
});

table(
  'callback',
  ['keys', 'bases', 'normalised', 'mint', 'minted', 'url', 'token', 'now_ms', 'says', 'error'],
  async (one) => {
    assertDecided(JSON.parse(native.decide('callback', JSON.stringify(one))), one);
    const [base] = one.bases;
    const go = () => {
      const keys = new ii.CallbackKeys(one.keys);
      for (const [index, written] of (one.normalised ?? []).entries()) {
        assert.equal(keys.callbackUrl('x', one.bases[index]), `${written}/cb/x`);
      }
      if (one.mint) {
        const { kind, rid } = one.mint;
        const minted = keys.mint({ kind, rid, base, expires: new Date(one.mint.expires_ms) });
        assert.equal(minted, one.minted);
        if (one.url) assert.equal(keys.callbackUrl(minted, base), one.url);
      }
      if ('token' in one) {
        const { expires, keyId, ...said } = keys.verify(one.token, one.bases, new Date(one.now_ms));
        const says = { ...said, expires_ms: expires.getTime(), key_id: keyId };
        if (one.says) assert.deepEqual(says, one.says);
      } else if (one.error) {
        keys.callbackUrl('x', base);
      }
    };
    if (one.error) assertRefused(await failure(go), one.error);
    else go();
  },
);

table('resume', ['api', 'token', 'fields', 'writes', 'error'], async (one) => {
  assertDecided(JSON.parse(native.decide('resume', JSON.stringify(one))), one);
  const client = new ii.ImageIntelligence({ baseUrl: one.api, clientId: 'a', clientSecret: 'b', allowPlainHttp: true });
  try {
    if (one.error) return assertRefused(await failure(() => client.resume(one.token)), one.error);
    const handle = client.resume(one.token);
    assert.deepEqual([handle.kind, handle.id], [one.fields.kind, one.fields.id]);
    assert.equal(client.resume(one.token, one.fields.kind).id, one.fields.id);
    const other = one.fields.kind === 'detect' ? 'match' : 'detect';
    assertRefused(await failure(() => client.resume(one.token, other)), { kind: 'resume_token', contains: [other] });
    assert.equal(handle.createdAt.getTime(), one.fields.created);
    if (one.writes) assert.equal(handle.resumeToken, one.token);
  } finally {
    client.close();
  }
});

// Answers of the API come over HTTP. A job is asked for by its own id, and the server sends the body of the case at hand;
// what cannot be read has no id, and is asked for by the name of its case.
let current;
let server;
let client;
const one = {
  detect_job: (id) => client.detectJobs.get(id),
  match_job: (id) => client.matchJobs.get(id),
  ask_job: (id) => client.askJobs.get(id),
  recognize_job: (id) => client.recognition('staff').jobs.get(id),
  identity: (id) => client.recognition('staff').identities.get(id),
  face_image: (id) => client.recognition('staff').images.get(id),
  face_group: (id) => client.recognition('staff').groups.get(id),
  feedback: (id) => client.feedback.get(id),
};
const many = {
  detect_jobs: () => client.detectJobs.search(),
  match_jobs: () => client.matchJobs.search(),
  ask_jobs: () => client.askJobs.search(),
  recognize_jobs: () => client.recognition('staff').jobs.search(),
  identities: () => client.recognition('staff').identities.search(),
  face_images: () => client.recognition('staff').images.search(),
  face_groups: () => client.recognition('staff').groups.search(),
  feedbacks: () => client.feedback.list(),
};
const odd = new Map(casesOf('wire').flatMap((one) => (one.error ? [[one.name, one]] : [])));
const refused = new Map();
before(async () => {
  server = await scripted((request, response) => {
    const asked = odd.get(decodeURIComponent(request.url.split('/').pop()));
    send(response, asked ? bodyOf(asked) : current);
  });
  client = server.client();
  // What cannot be read is asked for again, a few seconds long: all of them at once.
  for (const [name, { model }] of odd) if (model in one) refused.set(name, failure(one[model](name)));
});
after(async () => {
  client.close();
  await server.close();
});

const nameOf = (image) => image.customId ?? image.url ?? image.id ?? '';

/** The easy ways through a job. */
const ways = {
  classes,
  errors: (job) => errors(job).map(nameOf),
  matched: (job) => (matched(job) ? customIdOrUrl(matched(job)) : null),
  yes: (job) => (yes(job) ? customIdOrUrl(yes(job)) : null),
  faces: (job) =>
    faces(job).map(({ image, face: { identityId: identity } }) => ({
      image: nameOf(image),
      ...(identity === undefined ? {} : { identity }),
    })),
};

/** What a case of a model may say of the ways through it. */
const waysOf = {
  detect_job: ['found', 'classes', 'errors', 'raw'],
  match_job: ['matched', 'errors', 'raw'],
  ask_job: ['yes', 'errors', 'raw'],
  recognize_job: ['faces', 'errors', 'raw'],
};

/** Core's reading, without a request. */
function written(model, body) {
  try {
    return JSON.parse(native.readModel(model, body));
  } catch (thrown) {
    throw fromNative(thrown);
  }
}

table('wire', [...BODY, 'model', 'expect', 'found', ...Object.keys(ways), 'raw', 'error'], async (row) => {
  const { model, expect } = row;
  const own = waysOf[model] ?? (model in one ? ['raw'] : []);
  const foreign = ['found', ...Object.keys(ways), 'raw'].filter((way) => way in row && !own.includes(way));
  assert.deepEqual(foreign, [], `no way through a ${model}`);
  const body = bodyOf(row);
  if (row.error) {
    assertRefused(await failure(() => written(model, body)), row.error);
    if (refused.has(row.name)) assertRefused(await refused.get(row.name), row.error);
    return;
  }
  assert.deepEqual(written(model, body), expect);
  current = body;
  if (!(model in one || model in many)) return;
  const read = await (one[model] ?? many[model])(expect.id ?? 'x');
  assert.deepEqual(strictly(typeOf(model), read), expect);
  for (const [name, hits] of Object.entries(row.found ?? {})) {
    const ours = found(read, name).map(({ image, confidence }) => ({ image: nameOf(image), confidence }));
    assert.deepEqual(ours, hits);
    for (const hit of found(read, name)) assert.equal(customIdOrUrl(hit.image), nameOf(hit.image));
  }
  for (const [name, way] of Object.entries(ways)) if (name in row) assert.deepEqual(way(read), row[name], name);
  for (const [field, text] of Object.entries(row.raw ?? {}))
    assert.deepEqual(rawJson(read)[field], JSON.parse(text), field);
});
