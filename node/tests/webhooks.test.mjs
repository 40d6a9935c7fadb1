// Webhooks: what they bring, and the forms in which their headers may come in.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CallbackKeys, parseWebhook } from 'image-intelligence';
import { native } from './support/surroundings.mjs';

const status = 'COMPLETED_SUCCESSFULLY';
const JOBS = {
  detect: { id: '1', jobResults: [{ class: 'dog' }], imageResults: [], status },
  match: { id: '1', jobResults: { target: { class: 'dog', images: [] } }, imageResults: [], status },
  ask: { id: '1', question: 'Is it open?', jobResults: {}, imageResults: [], status },
  recognize: { id: '1', images: [{ objects: [] }], status },
};
const EVENT = { event: 'IDENTITY_CREATED', createdAt: 1487648348000, identity: { id: 'ann', images: [] } };

describe('what a webhook brings', () => {
  for (const [kind, job] of Object.entries(JOBS)) {
    it(`a ${kind} job, from the very text`, () => {
      const body = Buffer.from(JSON.stringify({ ...job, queue: 7 }));
      assert.deepEqual(parseWebhook(body), { kind, job: { ...job, queue: 7 }, raw: body });
      assert.deepEqual(parseWebhook(body, null, { kind }).kind, kind);
    });
    it(`a ${kind} job that is odd, as it is understood`, () => {
      assert.deepEqual(parseWebhook(JSON.stringify({ ...job, id: 1, feedId: 'tür' })).job.feedId, 'tür');
      assert.equal(parseWebhook(JSON.stringify({ ...job, id: 1 })).job.id, '1');
    });
  }
  it('an event of a registered webhook', () => {
    const body = Buffer.from(JSON.stringify(EVENT));
    assert.deepEqual(parseWebhook(body), { kind: 'event', event: EVENT, raw: body });
    const { kind, event } = parseWebhook('{"type": "IDENTITY_MOVED", "createdAt": 1487648348}');
    assert.deepEqual([kind, event], ['event', { event: 'IDENTITY_MOVED', createdAt: 1487648348000 }]);
  });
  it('something else, which is kept', () => {
    assert.deepEqual(Object.keys(parseWebhook('{"a": 1}')), ['kind', 'raw']);
  });
  it('has the kinds of the native side, each at the place by which it crosses', () => {
    const kinds = native.eventKinds();
    assert.deepEqual([...kinds].sort(), [...Object.keys(JOBS), 'event', 'gave_up', 'unknown'].sort());
    for (const [kind, job] of Object.entries({ ...JOBS, event: EVENT, unknown: {} })) {
      assert.equal(kinds[native.judge(Buffer.from(JSON.stringify(job))) & 0b111], kind);
    }
  });
});

describe('headers of a signed webhook, in every form', () => {
  const secret = 'jknjknwefbhjghui289whuuh28y02y892y8f/S/zsefzgskjzdrbkg';
  const body = '{"example_id":"1"}';
  const good = 'sha256=66f1e1ecd1cec40e2e931ec0f9709bc94250e8d8615c2f17bc7ee2b93e8c1677';
  for (const [what, headers] of [
    ["node:http's", { host: 'x', 'x-niro-signature': good }],
    ['with capitals', { 'X-Niro-Signature': good }],
    ['an array of one', { 'x-ii-signature': [good] }],
    ["fetch's", new Headers({ 'X-Niro-Signature': good })],
    ['a Map', new Map([['X-Niro-Signature', good]])],
    ['pairs', [['X-Niro-Signature', good]]],
    ['rawHeaders', ['Host', 'x', 'X-Niro-Signature', good]],
  ]) {
    it(what, () => {
      assert.equal(parseWebhook(body, headers, { secret }).kind, 'unknown');
      assert.equal(parseWebhook(Buffer.from(body), headers, { secret: ['another', secret] }).kind, 'unknown');
      assert.throws(() => parseWebhook(`${body} `, headers, { secret }), { reason: 'mismatch' });
    });
  }
  for (const [what, headers, reason] of [
    ['none', {}, 'missing'],
    ['no headers', undefined, 'missing'],
    ['two of one name', { 'x-niro-signature': [good, good] }, 'doubled'],
    ['two, joined', { 'x-niro-signature': `${good}, ${good}` }, 'doubled'],
    ['one of each name', { 'x-niro-signature': good, 'X-II-Signature': good }, 'doubled'],
    [
      "two of fetch's",
      new Headers([
        ['x-niro-signature', good],
        ['x-niro-signature', good],
      ]),
      'doubled',
    ],
  ]) {
    it(what, () =>
      assert.throws(() => parseWebhook(body, headers, { secret }), { kind: 'webhook_verification', reason }),
    );
  }
  it('a body in every form', () => {
    const bytes = Buffer.from(body);
    const wide = new Uint8Array(bytes.length + 7);
    wide.set(bytes, 3);
    const headers = { 'x-niro-signature': good };
    for (const form of [body, bytes, wide.subarray(3, 3 + bytes.length), new Uint8Array(bytes).buffer]) {
      const event = parseWebhook(form, headers, { secret });
      assert.equal(Buffer.from(event.raw).toString(), body);
    }
  });
});

describe('a token in the path', () => {
  const publicUrl = 'https://hooks.example.com/ii';
  const keys = new CallbackKeys({ 1: new Uint8Array(32) });
  const mint = (kind, expires) =>
    keys.mint({ kind, expires: new Date(expires), rid: '00'.repeat(16), base: publicUrl });
  const soon = Date.now() + 60_000;
  const body = JSON.stringify(JOBS.detect);

  it('says what kind of job it is, whatever the body looks like', () => {
    for (const path of [`/ii/cb/${mint('ask', soon)}`, `${publicUrl}/cb/${mint('ask', soon)}?x=/y`]) {
      assert.equal(parseWebhook(body, null, { keys, path, publicUrl }).kind, 'ask');
    }
    const former = ['https://new.example.com', publicUrl];
    assert.equal(parseWebhook(body, null, { keys, path: mint('ask', soon), publicUrl: former }).kind, 'ask');
  });
  it('is verified before the body is looked at', () => {
    const read = (path, more = {}) => parseWebhook('no JSON', null, { keys, path, publicUrl, ...more });
    assert.throws(() => read('/ii/cb/guessed'), { kind: 'webhook_verification', reason: 'malformed' });
    assert.throws(() => read(`/ii/cb/${mint('ask', 0)}`), { reason: 'expired' });
    assert.throws(() => read(mint('ask', soon), { publicUrl: 'https://other.example.com' }), { reason: 'mismatch' });
    assert.throws(() => read(mint('ask', soon)), { kind: 'invalid_webhook' });
  });
  it('needs all that it is checked with', () => {
    const path = mint('ask', soon);
    for (const [options, said] of [
      [{ keys: undefined, path, publicUrl }, /^ConfigError: masters: undefined given/],
      [{ keys, publicUrl }, /path: undefined given, the request's path wanted/],
      [{ keys, path }, /publicUrl: undefined given/],
      [{ keys, path, publicUrl, secret: 'x' }, /keys and a secret given, one of them wanted/],
    ]) {
      assert.throws(() => parseWebhook(body, null, options), said);
    }
  });
});
