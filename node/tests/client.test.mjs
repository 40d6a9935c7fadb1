// The client against a server that misbehaves to order: errors, cancelling, closing, and what is printed.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { inspect } from 'node:util';
import * as ii from 'image-intelligence';
import { ImageIntelligence, parseWebhook } from 'image-intelligence';
import { failure, job, SECRET, scripted, send, TOKEN } from './support/scripted.mjs';
import { until } from './support/surroundings.mjs';

const PICTURE = Buffer.from('a picture');
const detect = (client, more = {}) => client.detect({ images: [PICTURE], classes: ['person'], ...more });

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
      /^classes: they cannot be written as JSON/,
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
    ['headers that are none', () => parseWebhook('{}', 'x', { secret: 'x' }), 'invalid_request', /^headers: a string/],
    ['masters that are none', () => new ii.CallbackKeys({ 1: 'x' }), 'config', /^masters\[1\]: a string given/],
    ['a number of a master that is none', () => new ii.CallbackKeys({ 300: PICTURE }), 'config', /^masters: "300"/],
  ]) {
    it(what, async () => {
      const error = await failure(call);
      assert.equal(error.kind, kind, error.stack);
      assert.match(error.message, message);
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

const make = (options) => new ImageIntelligence({ clientId: 'a', clientSecret: 'b', ...options });

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

describe('against a server', () => {
  let server;
  let client;
  let answer;
  before(async () => {
    server = await scripted((...request) => answer(...request));
    client = server.client();
  });
  after(async () => {
    client.close();
    await server.close();
  });

  it('sends what was asked for, once', async () => {
    const bodies = [];
    answer = (request, _response, body) => {
      bodies.push([request.method, request.url, request.headers, JSON.parse(body)]);
      return job({ status: 'IN_PROGRESS', customId: 'mine' });
    };
    const handle = await client.detect({
      images: [
        'https://e.com/1.jpg',
        new URL('https://e.com/2.jpg'),
        PICTURE,
        new Uint8Array(PICTURE),
        { data: new Uint8Array(PICTURE).buffer, customId: 'three' },
        { url: 'https://e.com/4.jpg', customId: null },
      ],
      classes: ['person', { class: 'car', verify: 'NEVER', exclusionZones: { type: 'GRID', zones: [[0]] } }],
      customId: 'mine',
      feedId: 'camera',
      webhookUrl: 'https://e.com/hook',
      boundingBoxes: true,
    });
    assert.equal(bodies.length, 1);
    const [[method, url, headers, sent]] = bodies;
    assert.deepEqual([method, url, headers.authorization], ['POST', '/v2/detect', `Bearer ${TOKEN}`]);
    assert.match(headers['user-agent'], /^image-intelligence-node\/\d/);
    const { images, classes, ...rest } = sent;
    assert.deepEqual(
      images.map(({ url, blob }) => url ?? blob),
      [
        'https://e.com/1.jpg',
        'https://e.com/2.jpg',
        ...Array(3).fill(PICTURE.toString('base64')),
        'https://e.com/4.jpg',
      ],
    );
    assert.equal(images[4].customId, 'three');
    assert.equal(new Set(images.map(({ customId }) => customId)).size, 6);
    assert.deepEqual(classes, [
      { class: 'person', verify: 'AUTO' },
      { class: 'car', verify: 'NEVER', exclusionZones: { type: 'GRID', size: 64, zones: [[0]] } },
    ]);
    assert.deepEqual(rest, {
      customId: 'mine',
      feedId: 'camera',
      webhookUrl: 'https://e.com/hook',
      boundingBox: true,
    });
    assert.deepEqual([handle.id, handle.customId], ['f9d73f87', 'mine']);
    assert.match(handle.resumeToken, /^ii1_/);
    assert.ok(handle.createdAt instanceof Date);
  });

  it("ties each result to the caller's picture, and keeps what is odd reachable", async () => {
    let sent;
    answer = (request, _response, body) => {
      if (request.method === 'POST') sent = JSON.parse(body);
      const done = request.method === 'GET';
      const imageResults = sent.images.map(({ customId }) => ({
        customId,
        status: 'COMPLETED_SUCCESSFULLY',
        objects: [{ class: 'person', confidence: 0.5 }],
        mood: 'good',
      }));
      imageResults.reverse();
      return job({ status: done ? 'COMPLETED_SUCCESSFULLY' : 'IN_PROGRESS', imageResults, queue: 7 });
    };
    const handle = await client.detect({ images: ['https://e.com/1.jpg', PICTURE], classes: ['person'] });
    const result = await handle.get();
    const inputs = ii
      .found(result, 'person')
      .map(({ image }) => [image.input, image.customId, ii.customIdOrUrl(image)]);
    assert.deepEqual(inputs, [
      [{ index: 1, source: 'images[1]' }, undefined, 'images[1]'],
      [{ index: 0, source: 'https://e.com/1.jpg' }, undefined, 'https://e.com/1.jpg'],
    ]);
    assert.equal(ii.rawJson(result).queue, 7);
    assert.equal(ii.rawJson(result).imageResults[0].mood, 'good');
    assert.equal(ii.isDone(result), true);
  });

  for (const [status, name, kind] of [
    [400, 'BadRequestError', 'bad_request'],
    [401, 'AuthenticationError', 'authentication'],
    [403, 'PermissionDeniedError', 'permission_denied'],
    [404, 'NotFoundError', 'not_found'],
    [413, 'TooLargeError', 'too_large'],
  ]) {
    it(`${status} is a ${name}`, async () => {
      const said = JSON.stringify({ message: `no, says the server: ${status}`, secret: SECRET });
      answer = (_request, response) => send(response, said, status, { 'x-request-id': 'r-7' });
      const error = await failure(client.detectJobs.get('f9d73f87'));
      assert.ok(error instanceof ii[name]);
      assert.deepEqual([error.kind, error.status, error.requestId, error.retryable], [kind, status, 'r-7', false]);
      assert.match(error.message, /no, says the server/);
      assert.equal(error.body.length, Buffer.byteLength(said));
      // The body may hold anything, and so it is not printed along.
      assert.ok(!inspect(error).includes('secret'));
      // Whoever called stands in the stack.
      assert.match(error.stack, /client\.test\.mjs/);
    });
  }

  it('a 429 says how long to wait', async () => {
    answer = (_request, response) => send(response, {}, 429, { 'retry-after': '90' });
    const alone = server.client();
    const error = await failure(alone.detectJobs.get('f9d73f87'));
    alone.close();
    assert.ok(error instanceof ii.RateLimitError);
    assert.deepEqual([error.kind, error.status, error.retryAfter, error.retryable], ['rate_limited', 429, 90, true]);
  });

  it('no server at all is an APIConnectionError with its cause', async () => {
    const other = await scripted(() => ({}));
    await other.close();
    const nobody = other.client();
    const error = await failure(detect(nobody));
    nobody.close();
    assert.ok(error instanceof ii.APIConnectionError);
    assert.equal(error.retryable, true);
    assert.ok(error.cause instanceof Error);
  });

  it('a wait ends with its time, and its token waits on', async () => {
    answer = () => job({ status: 'IN_PROGRESS' });
    const handle = await detect(client);
    const error = await failure(handle.wait({ timeout: 1 }));
    assert.ok(error instanceof ii.WaitTimeoutError);
    assert.deepEqual([error.kind, error.lastStatus, error.retryable], ['wait_timeout', 'IN_PROGRESS', true]);
    assert.equal(error.resumeToken, handle.resumeToken);
    answer = () => job();
    const result = await client.resume(error.resumeToken).wait();
    assert.equal(result.status, 'COMPLETED_SUCCESSFULLY');
  });

  it('a signal that was aborted is honoured before anything is sent', async () => {
    const requests = server.seen.requests;
    const reason = new Error('no longer wanted');
    const signal = AbortSignal.abort(reason);
    const handle = client.resume(tokenOf(client));
    for (const call of [
      () => client.detect({ images: [PICTURE], classes: ['person'] }, { signal }),
      () => client.detectJobs.get('f9d73f87', { signal }),
      () => handle.get({ signal }),
      () => handle.wait({ signal }),
    ]) {
      const error = await failure(call);
      assert.ok(error instanceof ii.AbortError);
      assert.deepEqual([error.name, error.kind, error.code], ['AbortError', 'cancelled', 'ABORT_ERR']);
      assert.equal(error.reason, reason);
      assert.equal(error.cause, reason);
    }
    assert.equal(server.seen.requests, requests);
  });

  it('a signal that is aborted under way closes the connection, and leaves no listener behind', async () => {
    answer = () => undefined;
    const { hungUp, requests } = server.seen;
    const controller = new AbortController();
    let listeners = 0;
    for (const [name, by] of [
      ['addEventListener', 1],
      ['removeEventListener', -1],
    ]) {
      const own = controller.signal[name].bind(controller.signal);
      controller.signal[name] = (...rest) => {
        listeners += by;
        return own(...rest);
      };
    }
    const calls = [
      failure(client.detectJobs.get('f9d73f87', { signal: controller.signal })),
      failure(client.detect({ images: [PICTURE], classes: ['person'] }, { signal: controller.signal })),
      failure(client.resume(tokenOf(client)).wait({ signal: controller.signal })),
    ];
    assert.equal(listeners, 3);
    await until(() => server.seen.requests === requests + 3, 'three requests');
    controller.abort('enough');
    for (const error of await Promise.all(calls)) {
      assert.ok(error instanceof ii.AbortError);
      assert.equal(error.reason, 'enough');
    }
    assert.equal(listeners, 0);
    await until(() => server.seen.hungUp === hungUp + 3, 'three connections closed');
  });

  it('a signal that is aborted afterwards changes nothing, and its listener is gone', async () => {
    answer = () => job();
    const controller = new AbortController();
    const result = await client.detectJobs.get('f9d73f87', { signal: controller.signal });
    controller.abort();
    assert.equal(result.id, 'f9d73f87');
  });

  it("a time-out of the caller's own is an AbortError whose reason says so", async () => {
    answer = () => undefined;
    const { hungUp, requests } = server.seen;
    const error = await failure(client.detectJobs.get('f9d73f87', { signal: AbortSignal.timeout(50) }));
    assert.ok(error instanceof ii.AbortError);
    assert.equal(error.reason.name, 'TimeoutError');
    await until(() => server.seen.hungUp - hungUp === server.seen.requests - requests, 'its connection closed');
  });

  it('a closed client ends what is under way, and takes nothing more', async () => {
    answer = () => undefined;
    const { hungUp, requests } = server.seen;
    const closing = server.client();
    const handle = closing.resume(tokenOf(closing));
    const calls = [failure(closing.detectJobs.get('f9d73f87')), failure(handle.wait())];
    await until(() => server.seen.requests === requests + 2, 'two requests');
    closing.close();
    closing.close();
    for (const call of [
      ...calls,
      failure(closing.detectJobs.get('f9d73f87')),
      failure(handle.get()),
      failure(handle.wait()),
      failure(detect(closing)),
      failure(() => closing.resume(handle.resumeToken)),
    ]) {
      const error = await call;
      assert.ok(error instanceof ii.ClosedError, error.stack);
      assert.equal(error.kind, 'closed');
    }
    await until(() => server.seen.hungUp === hungUp + 2, 'two connections closed');
    assert.equal(typeof closing[Symbol.asyncDispose], 'function');
    await closing[Symbol.asyncDispose]();
  });

  it('a closed client lets its connections go, whoever still holds a handle', async () => {
    answer = () => job({ status: 'IN_PROGRESS' });
    const { open } = server.seen;
    const closing = server.client();
    const handle = await detect(closing);
    assert.equal((await handle.get()).status, 'IN_PROGRESS');
    assert.ok(server.seen.open > open);
    closing.close();
    await until(() => server.seen.open <= open, 'its connections closed');
    assert.equal(handle.id, 'f9d73f87');
  });

  it('prints no secret', async () => {
    answer = (_request, response) => send(response, { message: `not with ${TOKEN}` }, 403);
    const error = await failure(client.detectJobs.get('f9d73f87'));
    assert.match(error.message, /not with/);
    const wary = await scripted(() => undefined, { token: { status: 400, body: { message: `not with ${SECRET}` } } });
    const stranger = wary.client();
    const refused = await failure(stranger.detectJobs.get('f9d73f87'));
    stranger.close();
    await wary.close();
    assert.ok(refused instanceof ii.AuthenticationError);
    const handle = client.resume(tokenOf(client));
    const options = { depth: 20, showHidden: true };
    for (const shown of [
      inspect(client, options),
      JSON.stringify(client),
      `${client}`,
      inspect(handle, options),
      JSON.stringify(handle),
      inspect(client.detectJobs, options),
      JSON.stringify(client.detectJobs),
      ...[error, refused].flatMap((one) => [inspect(one, options), one.stack, JSON.stringify(one), `${one.body}`]),
      inspect(new ii.CallbackKeys({ 1: Buffer.alloc(32, 'm') }), options),
    ]) {
      assert.ok(!shown.includes(SECRET), shown);
      assert.ok(!shown.includes(TOKEN), shown);
      assert.ok(!shown.includes('mmmm'), shown);
    }
    assert.equal(inspect(client), `ImageIntelligence { baseUrl: '${server.baseUrl}' }`);
  });
});

/** A resume token of this client's API. */
function tokenOf(client) {
  const api = createHash('sha256').update(client.baseUrl).digest('hex').slice(0, 8);
  const fields = { v: 1, kind: 'detect', id: 'f9d73f87', rid: '00'.repeat(16), created: 1487648348000, api };
  return `ii1_${Buffer.from(JSON.stringify(fields)).toString('base64url')}`;
}
