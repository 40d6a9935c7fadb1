// What callers get wrong in what there was first: detect jobs, webhooks, callback tokens, settings.

import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import * as ii from 'image-intelligence';
import { ImageIntelligence, parseWebhook } from 'image-intelligence';
import { failure, tokenOf } from './support/scripted.mjs';

const PICTURE = Buffer.from('a picture');
const detect = (client, more = {}) => client.detect({ images: [PICTURE], classes: ['person'], ...more });
const mint = (more) => new ii.CallbackKeys({ 1: Buffer.alloc(32, 1) }).mint({ expires: new Date(), ...more });
const make = (options) => new ImageIntelligence({ clientId: 'a', clientSecret: 'b', ...options });

/** Zones that are right, but for what is told. */
const zoned = (more) => [{ class: 'a', exclusionZones: { type: 'GRID', zones: [[0]], ...more } }];

/** An array that begins with a hole. */
const holed = (...rest) => Array(1).concat(rest);

/** Half of a character. */
const HALF = 'a\ud800';

describe('what a caller gets wrong', () => {
  const client = new ImageIntelligence({ baseUrl: 'http://127.0.0.1:1/v2', clientId: 'a', clientSecret: 'b' });
  const handle = client.resume(tokenOf(client));
  after(() => client.close());

  for (const [what, call, kind, message] of [
    ['no options', () => client.detect(), 'invalid_request', /^images: undefined given, an array wanted$/],
    ['options that are a list', () => client.detect(['a.jpg']), 'invalid_request', /^detect: an array given/],
    ['a typing error', () => detect(client, { customID: 'x' }), 'invalid_request', /no option "customID".*customId/],
    ['one image, not in an array', () => detect(client, { images: 'a.jpg' }), 'invalid_request', /^images: a string/],
    ['no images', () => detect(client, { images: [] }), 'invalid_request', /^images: none given/],
    [
      'a file as a string',
      () => detect(client, { images: ['astronaut.jpg'] }),
      'invalid_request',
      /^images\[0\](\.url)?: "astronaut.jpg" is not a URL; for a file pass \{ path: "astronaut.jpg" \}$/,
    ],
    [
      'a file that is missing',
      () => detect(client, { images: [PICTURE, { path: 'missing.jpg' }] }),
      'invalid_request',
      /^images\[1\].*missing\.jpg cannot be read: No such file/,
    ],
    ['an image of a number', () => detect(client, { images: [7] }), 'invalid_request', /^images\[0\]: 7 given, a URL/],
    ['an image of null', () => detect(client, { images: [null] }), 'invalid_request', /^images\[0\]: null given/],
    ['an image of nothing', () => detect(client, { images: [{}] }), 'invalid_request', /^images\[0\]: none of url/],
    [
      'an image of two things',
      () => detect(client, { images: [{ url: 'https://e.com', path: 'x' }] }),
      'invalid_request',
      /^images\[0\]: 2 of url, path and data given/,
    ],
    [
      'base64 in place of bytes',
      () => detect(client, { images: [{ data: 'aGk=' }] }),
      'invalid_request',
      /^images\[0\]\.data: a string given, a Uint8Array/,
    ],
    [
      'the URL of no file',
      () => detect(client, { images: [{ path: new URL('https://e.com/a.jpg') }] }),
      'invalid_request',
      /^images\[0\]\.path: https:.* is not the URL of a file/,
    ],
    [
      'a customId that is no string',
      () => detect(client, { images: [{ data: PICTURE, customId: 7 }] }),
      'invalid_request',
      /^images\[0\]\.customId: 7 given, a string wanted$/,
    ],
    [
      'one class, not in an array',
      () => detect(client, { classes: 'person' }),
      'invalid_request',
      /^classes: a string/,
    ],
    ['no classes', () => detect(client, { classes: [] }), 'invalid_request', /^classes: none given/],
    ['a class of a number', () => detect(client, { classes: ['a', 7] }), 'invalid_request', /^classes\[1\]: 7 given/],
    [
      'a class whose name is none',
      () => detect(client, { classes: [{ class: 7 }] }),
      'invalid_request',
      /^classes\[0\]\.class: .*string/,
    ],
    [
      'a class that is no JSON',
      () => detect(client, { classes: [{ class: 1n }] }),
      'invalid_request',
      /^classes\[0\]\.class: a bigint given, a string wanted$/,
    ],
    [
      'a verify that is none',
      () => detect(client, { classes: [{ class: 'a', verify: 'SOMETIMES' }] }),
      'invalid_request',
      /^classes\[0\]\.verify: "SOMETIMES" given, one of NEVER, AUTO, ALWAYS/,
    ],
    [
      'a flag that is none',
      () => detect(client, { boundingBoxes: 'yes' }),
      'invalid_request',
      /^boundingBoxes: a string/,
    ],
    ['a time-out that is NaN', () => handle.wait({ timeout: Number.NaN }), 'invalid_request', /^timeout: NaN given/],
    ['a negative time-out', () => handle.wait({ timeout: -1 }), 'invalid_request', /^timeout: -1 given/],
    [
      'an endless time-out',
      () => handle.wait({ timeout: Number.POSITIVE_INFINITY }),
      'invalid_request',
      /^timeout: Infinity given/,
    ],
    ['a time-out that is text', () => handle.wait({ timeout: '1s' }), 'invalid_request', /^timeout: a string given/],
    ['a time-out in place of options', () => handle.wait(60_000), 'invalid_request', /^wait: 60000 given/],
    ['a signal that is none', () => handle.get({ signal: 7 }), 'invalid_request', /^signal: 7 given, an AbortSignal/],
    [
      'a controller in place of its signal',
      () => handle.get({ signal: new AbortController() }),
      'invalid_request',
      /^signal: an AbortController given, an AbortSignal \(pass controller\.signal\)/,
    ],
    [
      'a signal in place of options',
      () => client.detectJobs.get('x', AbortSignal.abort()),
      'invalid_request',
      /^get: an AbortSignal given; pass \{ signal \}$/,
    ],
    ['options of null', () => client.detectJobs.get('', null), 'invalid_request', /^id: an empty string/],
    ['a typing error of a signal', () => handle.get({ singal: 7 }), 'invalid_request', /no option "singal"/],
    ['no id', () => client.detectJobs.get(), 'invalid_request', /^id: undefined given/],
    ['an empty id', () => client.detectJobs.get(''), 'invalid_request', /^id: an empty string given/],
    ['no token', () => client.resume(), 'invalid_request', /^token: undefined given/],
    ['a token that is none', () => client.resume('x'), 'resume_token', /ii1_/],
    ['no setting of this name', () => new ImageIntelligence({ clientid: 'x' }), 'config', /no option "clientid"/],
    ['an id that is a number', () => new ImageIntelligence({ clientId: 7 }), 'config', /^clientId: 7 given/],
    ['a time-out of nothing', () => new ImageIntelligence({ requestTimeout: 0 }), 'config', /^requestTimeout: 0 given/],
    ['a base URL that is none', () => make({ baseUrl: 'nowhere' }), 'config', /base URL/],
    ['a base URL in the clear', () => make({ baseUrl: 'http://e.com/v2' }), 'config', /allowPlainHttp/],
    ['a parsed body', () => parseWebhook({ id: '1' }), 'invalid_webhook', /^body: an object given; pass the raw bytes/],
    ['no body', () => parseWebhook(), 'invalid_webhook', /^body: undefined given/],
    ['a kind that is none', () => parseWebhook('{}', {}, { kind: 'dog' }), 'invalid_request', /^kind: "dog" given/],
    [
      'a secret that is not set',
      () => parseWebhook('{}', {}, { secret: undefined }),
      'config',
      /^webhook secrets: none/,
    ],
    ['a secret that is none', () => parseWebhook('{}', {}, { secret: 7 }), 'invalid_request', /^secret: 7 given/],
    [
      'a typing error in a class',
      () => detect(client, { classes: [{ class: 'a', verfy: 'NEVER' }] }),
      'invalid_request',
      /^classes\[0\]: there is no option "verfy"; it takes class, verify, exclusionZones$/,
    ],
    [
      'a typing error in zones',
      () => detect(client, { classes: ['a', ...zoned({ sise: 16 })] }),
      'invalid_request',
      /^classes\[1\]\.exclusionZones: there is no option "sise"; it takes type, size, zones$/,
    ],
    ...[
      [[{ verify: 'NEVER' }], /^classes\[0\]\.class: undefined given, a string wanted$/],
      [holed('b'), /^classes\[0\]: undefined given, a name or/],
      [[{ class: 'a', verify: () => 'NEVER' }], /^classes\[0\]\.verify: a function given, a string wanted$/],
      [[{ class: 'a', verify: Symbol('x') }], /^classes\[0\]\.verify: a symbol given/],
      [[{ class: 'a', exclusionZones: () => 0 }], /^classes\[0\]\.exclusionZones: a function given/],
      [[{ class: 'a', exclusionZones: [[0]] }], /^classes\[0\]\.exclusionZones: an array given, \{ type, size, zones/],
      [zoned({ type: undefined }), /^classes\[0\]\.exclusionZones\.type: undefined given, "GRID" wanted$/],
      [zoned({ type: 'CIRCLE' }), /^classes\[0\]\.exclusionZones.*CIRCLE/],
      [zoned({ size: Number.NaN }), /^classes\[0\]\.exclusionZones\.size: NaN given, an integer wanted$/],
      [zoned({ size: 16.5 }), /^classes\[0\]\.exclusionZones\.size: 16\.5 given/],
      [zoned({ zones: undefined }), /^classes\[0\]\.exclusionZones\.zones: undefined given, an array of rows/],
      [zoned({ zones: [[0], Uint8Array.of(0)] }), /^classes\[0\]\.exclusionZones\.zones\[1\]: an? Uint8Array given/],
      [zoned({ zones: [[0, Infinity]] }), /^classes\[0\]\.exclusionZones\.zones\[0\]\[1\]: Infinity given, 0 or 1/],
      [zoned({ zones: [holed(0)] }), /^classes\[0\]\.exclusionZones\.zones\[0\]\[0\]: undefined given/],
      [zoned({ zones: [[true]] }), /^classes\[0\]\.exclusionZones\.zones\[0\]\[0\]: true given/],
    ].map(([classes, message]) => [
      `classes that JSON would change: ${message.source}`,
      () => detect(client, { classes }),
      'invalid_request',
      message,
    ]),
    ...[
      ['customId', () => detect(client, { customId: HALF })],
      ['feedId', () => detect(client, { feedId: HALF })],
      ['webhookUrl', () => detect(client, { webhookUrl: HALF })],
      ['classes[0]', () => detect(client, { classes: [HALF] })],
      ['classes[0].class', () => detect(client, { classes: [{ class: HALF }] })],
      ['images[0]', () => detect(client, { images: [`https://e.com/${HALF}`] })],
      ['images[0].url', () => detect(client, { images: [{ url: `https://e.com/${HALF}` }] })],
      ['images[0].path', () => detect(client, { images: [{ path: HALF }] })],
      ['images[0].customId', () => detect(client, { images: [{ data: PICTURE, customId: HALF }] })],
      ['id', () => client.detectJobs.get(HALF)],
      ['token', () => client.resume(HALF)],
      ['secret', () => parseWebhook('{}', {}, { secret: HALF })],
      ['clientId', () => make({ clientId: HALF }), 'config'],
    ].map(([field, call, kind = 'invalid_request']) => [
      `half a character in ${field}`,
      call,
      kind,
      { test: (text) => text === `${field}: a string with a lone surrogate given, well-formed Unicode wanted` },
    ]),
    [
      'a hole in the images',
      () => detect(client, { images: holed(PICTURE) }),
      'invalid_request',
      /^images\[0\]: undefined/,
    ],
    ...['clientId', 'clientSecret', 'baseUrl'].map((name) => [
      `an empty ${name}`,
      () => make({ [name]: '' }),
      'config',
      /./,
    ]),
    ['no Date', () => mint({ expires: null }), 'invalid_request', /^expires: null given, a Date wanted$/],
    [
      'an invalid Date',
      () => mint({ expires: new Date('x') }),
      'invalid_request',
      /^expires: an invalid Date given, a/,
    ],
    ['a kind of null', () => mint({ kind: null }), 'invalid_request', /^kind: null given, a string wanted$/],
    [
      'headers that are no pairs',
      () => parseWebhook('{}', [1], { secret: 'x' }),
      'invalid_request',
      /^headers: 1 given/,
    ],
    [
      'a header that is no text',
      () => parseWebhook('{}', { 'x-niro-signature': Symbol('x') }, { secret: 'x' }),
      'invalid_request',
      /^headers: a symbol given, x-niro-signature: a string wanted$/,
    ],
    ['headers that are none', () => parseWebhook('{}', 'x', { secret: 'x' }), 'invalid_request', /^headers: a string/],
    ['masters that are none', () => new ii.CallbackKeys({ 1: 'x' }), 'config', /^masters\[1\]: a string given/],
    ['a number of a master that is none', () => new ii.CallbackKeys({ 300: PICTURE }), 'config', /^masters: "300"/],
  ]) {
    it(what, async () => {
      const error = await failure(call);
      assert.equal(error.kind, kind, error.stack);
      assert.ok(message.test(error.message), error.message);
      assert.ok(error instanceof ii.ImageIntelligenceError);
    });
  }

  it('no credentials', async () => {
    const kept = [process.env.II_CLIENT_ID, process.env.II_CLIENT_SECRET];
    delete process.env.II_CLIENT_ID;
    delete process.env.II_CLIENT_SECRET;
    try {
      const error = await failure(() => new ImageIntelligence());
      assert.ok(error instanceof ii.ConfigError);
      for (const name of ['clientId', 'clientSecret', 'II_CLIENT_ID', 'II_CLIENT_SECRET']) {
        assert.ok(error.message.includes(name), error.message);
      }
    } finally {
      for (const [index, name] of ['II_CLIENT_ID', 'II_CLIENT_SECRET'].entries()) {
        if (kept[index] !== undefined) process.env[name] = kept[index];
      }
    }
  });
});

it('an empty setting is not passed over for the environment, an empty variable is', async () => {
  const kept = { ...process.env };
  const set = { II_CLIENT_ID: 'a', II_CLIENT_SECRET: 'b', II_BASE_URL: 'http://127.0.0.1:1/v2' };
  Object.assign(process.env, set);
  try {
    new ImageIntelligence().close();
    for (const name of ['clientId', 'clientSecret', 'baseUrl']) {
      assert.equal((await failure(() => new ImageIntelligence({ [name]: '' }))).kind, 'config', name);
    }
    process.env.II_BASE_URL = '';
    const client = new ImageIntelligence();
    assert.match(client.baseUrl, /^https:/);
    client.close();
  } finally {
    for (const name of Object.keys(set)) {
      if (name in kept) process.env[name] = kept[name];
      else delete process.env[name];
    }
  }
});

it('an error in JSON says its name and message, and never the body', () => {
  const told = { status: 429, retryAfter: 7, requestId: 'r', retryable: true };
  const error = new ii.RateLimitError('too many', { ...told, body: Buffer.from('private') });
  const expected = { name: 'RateLimitError', message: 'too many', kind: 'rate_limited', ...told };
  assert.deepEqual(JSON.parse(JSON.stringify({ error })), { error: expected });
  const rest = { lastStatus: 'IN_PROGRESS', resumeToken: 'ii1_', customId: 'c', candidates: ['1'], reason: 'missing' };
  const other = JSON.parse(JSON.stringify(new ii.ConfigError('x', rest)));
  assert.deepEqual(other, { name: 'ConfigError', message: 'x', kind: 'config', retryable: false, ...rest });
  // The reason of a signal may be anything.
  const reasons = [new RangeError('far'), 1n, { toJSON: () => assert.fail() }, null].map(
    (reason) => JSON.parse(JSON.stringify(new ii.AbortError('x', { reason }))).reason,
  );
  assert.deepEqual(reasons, ['RangeError: far', undefined, undefined, undefined]);
});

it('a name that is empty says nothing', () => {
  const image = { id: '7', url: '', customId: '', input: { index: 0, source: '' }, objects: [], status: 'X' };
  assert.equal(ii.customIdOrUrl(image), '7');
  assert.equal(ii.customIdOrUrl({ ...image, input: { index: 0, source: 'a.jpg' } }), 'a.jpg');
  assert.equal(ii.customIdOrUrl({ objects: [], status: 'X' }), '');
});

it('a job that was taken up again has no customId', () => {
  const client = make({});
  assert.equal(client.resume(tokenOf(client)).customId, undefined);
  client.close();
});
