// The client against a server that misbehaves to order: errors, cancelling, closing, and what is printed.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { inspect } from 'node:util';
import * as ii from 'image-intelligence';
import { failure, job, SECRET, scripted, send, TOKEN, tokenOf } from './support/scripted.mjs';
import { until } from './support/surroundings.mjs';

const PICTURE = Buffer.from('a picture');
const detect = (client, more = {}) => client.detect({ images: [PICTURE], classes: ['person'], ...more });

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
      assert.equal(error.body.toString(), said.replace(SECRET, '[secret]'));
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
