// Every case of every shared table.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before } from 'node:test';
import * as ii from 'image-intelligence';
import { strictly } from './support/models.mjs';
import { failure, scripted, send } from './support/scripted.mjs';
import { inner, native } from './support/surroundings.mjs';
import { assertDecided, assertRefused, bodyOf, casesOf, table } from './support/vectors.mjs';

const BODY = ['json', 'text', 'base64', 'file'];
const { classes, customIdOrUrl, errors, found, parseWebhook, rawJson } = ii;
const { fromNative } = await inner('errors');

// What core decides, core decides here too: the case goes over the border and back.
for (const [name, fields] of [
  ['poll', ['age_ms', 'limit_ms', 'policy', 'first', 'steps']],
  ['retry', ['failure', 'may_repeat_read', 'may_repeat_create', 'may_have_created']],
  ['retry_after', ['value', 'now_ms', 'wait_ms']],
  ['validation', ['request', 'limits', 'error']],
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

table('webhook', [...BODY, 'known_kind', 'event', 'shape', 'id', 'status', 'error'], async (one) => {
  const body = bodyOf(one);
  const read = () => parseWebhook(body, undefined, { kind: one.known_kind });
  if (one.error) return assertRefused(await failure(read), one.error);
  const event = read();
  assert.equal(event.kind, one.event === 'detect' ? 'detect' : 'unknown');
  assert.equal(event.raw, body, 'the body is not reachable as it came');
  if (one.event === 'detect') {
    assert.equal(event.job.id, one.id ?? '1');
    if ('status' in one) assert.equal(event.job.status, one.status);
  } else {
    assert.ok(!('job' in event));
  }
});

table('canonical', [...BODY, 'known_kind', 'event', 'canonical', 'expect', 'error'], async (one) => {
  const body = bodyOf(one);
  const read = () => parseWebhook(body, undefined, { kind: one.known_kind });
  if (one.error) return assertRefused(await failure(read), one.error);
  const judged = native.judge(body, one.known_kind);
  assert.equal((judged & 0b01000) !== 0, one.canonical, 'canonical');
  assert.equal((judged & 0b00111) === 1 ? 'detect' : 'unknown', one.event);
  const event = read();
  assert.equal(event.kind, one.event);
  if (one.expect) assert.deepEqual(strictly('DetectJob', event.job), one.expect);
  else assert.equal(event.kind, 'unknown', 'nothing is expected of a detect job');
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
    if (one.fields.kind !== 'detect') {
      return assertRefused(await failure(() => client.resume(one.token)), { kind: 'resume_token' });
    }
    const handle = client.resume(one.token);
    assert.equal(handle.id, one.fields.id);
    assert.equal(handle.createdAt.getTime(), one.fields.created);
    if (one.writes) assert.equal(handle.resumeToken, one.token);
  } finally {
    client.close();
  }
});

// Answers of the API come over HTTP. A job is asked for by its own id, and the server sends the body of the case at hand;
// what cannot be read has no id, and is asked for by the name of its case.
const wire = casesOf('wire').filter((one) => one.model === 'detect_job');
const odd = new Map(wire.filter((one) => one.error).map((one) => [one.name, bodyOf(one)]));
const refused = new Map();
let current;
let server;
let client;
before(async () => {
  server = await scripted((request, response) => {
    send(response, odd.get(decodeURIComponent(request.url.split('/').pop())) ?? current);
  });
  client = server.client();
  // What cannot be read is asked for again, a few seconds long: all of them at once.
  for (const name of odd.keys()) refused.set(name, failure(client.detectJobs.get(name)));
});
after(async () => {
  client.close();
  await server.close();
});

const nameOf = (image) => image.customId ?? image.url ?? image.id ?? '';

table('wire', [...BODY, 'model', 'expect', 'found', 'classes', 'errors', 'raw', 'error'], async (one) => {
  const body = bodyOf(one);
  if (one.model === 'detect_jobs') {
    const read = () => {
      try {
        return native.readDetectJobs(body).map((text) => strictly('DetectJob', JSON.parse(text)));
      } catch (thrown) {
        throw fromNative(thrown);
      }
    };
    if (one.error) return assertRefused(await failure(read), one.error);
    return assert.deepEqual(read(), one.expect);
  }
  assert.equal(one.model, 'detect_job');
  if (one.error) {
    return assertRefused(await refused.get(one.name), one.error);
  }
  current = body;
  const job = await client.detectJobs.get(one.expect.id);
  assert.deepEqual(strictly('DetectJob', job), one.expect);
  for (const [name, hits] of Object.entries(one.found ?? {})) {
    const ours = found(job, name).map(({ image, confidence }) => ({ image: nameOf(image), confidence }));
    assert.deepEqual(ours, hits);
    for (const hit of found(job, name)) assert.equal(customIdOrUrl(hit.image), nameOf(hit.image));
  }
  if (one.classes) assert.deepEqual(classes(job), one.classes);
  if (one.errors) assert.deepEqual(errors(job).map(nameOf), one.errors);
  for (const [field, text] of Object.entries(one.raw ?? {}))
    assert.deepEqual(rawJson(job)[field], JSON.parse(text), field);
});
