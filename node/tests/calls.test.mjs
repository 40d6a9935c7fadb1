// Every call but those of recognition: what is sent, what is read, and how it is refused, cancelled and closed.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { inspect } from 'node:util';
import * as ii from 'image-intelligence';
import { failure, job, SECRET, scripted, send, TOKEN, tokenOf } from './support/scripted.mjs';
import { until } from './support/surroundings.mjs';

const PICTURE = Buffer.from('a picture');
const URLS = ['https://e.com/1.jpg'];
const common = { images: [PICTURE], customId: 'mine', feedId: 'camera', webhookUrl: 'https://e.com/hook' };
const face = { identityId: 'ann', confidence: 0.9 };

/** Of each kind of job: how it is asked for, where it goes, what is sent besides the rest, and its answer. */
const KINDS = {
  detect: {
    path: '/v2/detect',
    options: { classes: ['dog'] },
    sent: { classes: [{ class: 'dog', verify: 'AUTO' }] },
    answer: (customId) => ({ imageResults: [{ customId, status: 'JOB_ERROR', objects: [] }] }),
  },
  match: {
    path: '/v2/match',
    options: { target: { class: 'dog', images: URLS, customId: 'rex' } },
    sent: { target: { class: 'dog', images: URLS, customId: 'rex' } },
    answer: (customId) => ({
      jobResults: { image: { customId } },
      imageResults: [{ customId, status: 'JOB_ERROR' }],
    }),
    read: ii.matched,
  },
  ask: {
    path: '/v2/ask',
    options: { question: 'Is the door open?', examples: { yes: URLS, no: undefined } },
    sent: { question: 'Is the door open?', examples: { yes: URLS } },
    answer: (customId) => ({
      question: 'Is the door open?',
      jobResults: [{ image: { customId } }],
      imageResults: [{ customId, status: 'JOB_ERROR' }],
    }),
    read: ii.yes,
  },
  recognize: {
    path: '/v2/recognition/recognize/staff%20room',
    options: { namespace: 'staff room' },
    sent: {},
    answer: (customId) => ({ images: [{ customId, status: 'JOB_ERROR', objects: [face] }] }),
    read: (job) => ii.faces(job)[0].image,
  },
};

describe('against a server', () => {
  let server;
  let client;
  let answer;
  const asked = [];
  before(async () => {
    server = await scripted((request, response, body) => {
      const { method, url } = request;
      asked.push({
        call: `${method} ${url}`,
        headers: request.headers,
        body: body.length ? JSON.parse(body) : undefined,
      });
      return answer(request, response, body);
    });
    client = server.client();
  });
  after(async () => {
    client.close();
    await server.close();
  });

  /** The only request of a call, and what that gave. */
  async function sends(call, answers) {
    asked.length = 0;
    answer = () => answers;
    const read = await call();
    assert.equal(asked.length, 1);
    return [asked[0].call, asked[0].body, read];
  }

  for (const [kind, { path, options, sent, answer: done, read }] of Object.entries(KINDS)) {
    it(`${kind}: sent once, waited for, taken up again`, async () => {
      const [call, { images, ...rest }, handle] = await sends(
        () => client[kind]({ ...common, ...options }),
        job({ status: 'IN_PROGRESS', customId: 'mine' }),
      );
      assert.equal(call, `POST ${path}`);
      assert.equal(images[0].blob, PICTURE.toString('base64'));
      assert.deepEqual(rest, { ...sent, customId: 'mine', feedId: 'camera', webhookUrl: 'https://e.com/hook' });
      assert.ok(handle instanceof ii.JobHandle);
      assert.deepEqual([handle.kind, handle.id, handle.customId], [kind, 'f9d73f87', 'mine']);
      const { jobResults: _, imageResults: __, ...plain } = job();
      const wire = { ...plain, ...done(images[0].customId), queue: 7 };
      const [look, , result] = await sends(() => handle.wait(), wire);
      assert.equal(look, `GET ${path}/f9d73f87`);
      assert.equal(ii.isDone(result), true);
      assert.deepEqual(ii.errors(result).map(ii.customIdOrUrl), ['images[0]']);
      if (read) assert.deepEqual(read(result).input, { index: 0, source: 'images[0]' });
      assert.equal(ii.rawJson(result).queue, 7);
      const resumed = client.resume(handle.resumeToken);
      assert.deepEqual([resumed.kind, resumed.id, resumed.customId], [kind, 'f9d73f87', undefined]);
      const [again, , seen] = await sends(() => client.resume(handle.resumeToken, kind).get(), wire);
      assert.deepEqual([again, seen.id], [`GET ${path}/f9d73f87`, 'f9d73f87']);
    });
  }

  it('a token of another kind than was expected is refused', async () => {
    const token = tokenOf(client, { kind: 'match' });
    const error = await failure(() => client.resume(token, 'detect'));
    assert.ok(error instanceof ii.ResumeTokenError);
    assert.match(error.message, /of a job to match, not to detect/);
    assert.equal(client.resume(tokenOf(client, { kind: 'recognize', ns: 'staff' })).kind, 'recognize');
  });

  for (const kind of ['detect', 'match', 'ask']) {
    it(`${kind} jobs that were made before`, async () => {
      const jobs = client[`${kind}Jobs`];
      const [get, , one] = await sends(() => jobs.get('f9d73f87'), job({ question: 'Is it?', queue: 7 }));
      assert.deepEqual([get, one.id, ii.rawJson(one).queue], [`GET /v2/${kind}/f9d73f87`, 'f9d73f87', 7]);
      const search = { customId: 'a b', feedId: 'ü', before: new Date(1487648348000), after: 1487648347000 };
      const [url, , many] = await sends(() => jobs.search(search), [job({ queue: 1 }), 7, job({ id: '2', queue: 2 })]);
      const query = 'customId=a%20b&feedId=%C3%BC&before=1487648348000&after=1487648347000';
      assert.equal(url.replaceAll('+', '%20'), `GET /v2/${kind}?${query}`);
      assert.deepEqual(
        many.map(({ id }) => id),
        ['f9d73f87', '2'],
      );
      assert.deepEqual(
        many.map((job) => ii.rawJson(job).queue),
        [1, 2],
      );
      assert.deepEqual((await sends(() => jobs.search(), []))[2], []);
    });
  }

  it('a 400 to a match job that nobody knows is a NotFoundError', async () => {
    answer = (_request, response) => send(response, {}, 400);
    assert.ok((await failure(client.matchJobs.get('x'))) instanceof ii.NotFoundError);
    assert.ok((await failure(client.askJobs.get('x'))) instanceof ii.BadRequestError);
  });

  it('feedback', async () => {
    const taken = { id: 'fb-1', jobId: 'j', classes: [{ class: 'dog', code: 'FALSE_POSITIVE' }] };
    for (const [given, classes] of [
      [{ dog: 'FALSE_POSITIVE' }, [{ class: 'dog', code: 'FALSE_POSITIVE' }]],
      [[{ class: 'cat', code: 'FALSE_NEGATIVE' }], [{ class: 'cat', code: 'FALSE_NEGATIVE' }]],
    ]) {
      const [call, { createdAt, ...body }, read] = await sends(() => client.feedback.create('j', given), taken);
      assert.deepEqual([call, body], ['POST /v2/feedback', { jobId: 'j', classes }]);
      assert.ok(Math.abs(createdAt - Date.now()) < 60_000);
      assert.deepEqual(read, taken);
    }
    assert.equal((await sends(() => client.feedback.get('fb-1'), taken))[0], 'GET /v2/feedback/fb-1');
    const [list, , all] = await sends(() => client.feedback.list('j'), [{ ...taken, mood: 'bad' }]);
    assert.deepEqual([list, all], ['GET /v2/feedback?jobId=j', [taken]]);
    assert.equal(ii.rawJson(all[0]).mood, 'bad');
    assert.equal((await sends(() => client.feedback.list(), []))[0], 'GET /v2/feedback');
  });

  it('a create whose answer was lost has an unknown outcome, and is not sent again', async () => {
    asked.length = 0;
    answer = (_request, response) => void response.destroy();
    const error = await failure(client.feedback.create('j', { dog: 'FALSE_POSITIVE' }));
    assert.ok(error instanceof ii.OutcomeUnknownError, error.stack);
    assert.deepEqual([asked.length, error.candidates], [1, []]);
    assert.match(error.stack, /calls\.test\.mjs/);
  });

  it('a registered webhook, whose secret nothing prints', async () => {
    const secretKey = 'correct horse battery';
    const webhook = { id: 'w-1', url: 'https://e.com/ii', application: 'a', createdAt: 1487648348000 };
    const options = { url: 'https://e.com/ii', secretKey };
    const [call, body, told] = await sends(() => client.registerWebhook(options), { ...webhook, secretKey });
    assert.deepEqual([call, body], ['POST /v2/webhooks', options]);
    assert.deepEqual({ ...told }, webhook);
    assert.equal(told.secretKey, secretKey);
    for (const shown of [inspect(told, { showHidden: true, depth: 9 }), JSON.stringify([told, ii.rawJson(told)])]) {
      assert.ok(!shown.includes('horse'), shown);
    }
    const [, plain, without] = await sends(() => client.registerWebhook({ url: webhook.url }), webhook);
    assert.deepEqual([plain, without.secretKey], [{ url: webhook.url }, undefined]);
    answer = (_request, response) => send(response, { message: `no ${secretKey}` }, 400);
    const error = await failure(client.registerWebhook(options));
    assert.ok(error instanceof ii.BadRequestError);
    assert.ok(!`${inspect(error)} ${error.body}`.includes('horse'));
  });

  it('the bytes of a picture, without the token', async () => {
    asked.length = 0;
    const bytes = Buffer.from([0xff, 0xd8, 0, 1]);
    answer = (_request, response) => send(response, bytes);
    for (const url of [`${server.baseUrl}/images/1`, new URL(`${server.baseUrl}/images/1`)]) {
      const read = await client.image(url);
      assert.ok(read instanceof Uint8Array);
      assert.deepEqual([...read], [...bytes]);
    }
    for (const { call, headers } of asked) {
      assert.deepEqual([call, headers.authorization], ['GET /v2/images/1', undefined]);
    }
    assert.equal((await failure(client.image('ftp://e.com'))).kind, 'invalid_request');
  });

  const calls = (of, signal) => [
    () => of.match({ images: [PICTURE], target: { class: 'a', images: URLS } }, { signal }),
    () => of.ask({ images: [PICTURE], question: 'Is it?' }, { signal }),
    () => of.recognize({ images: [PICTURE], namespace: 'staff' }, { signal }),
    () => of.matchJobs.get('x', { signal }),
    () => of.askJobs.search({}, { signal }),
    () => of.feedback.create('x', { dog: 'FALSE_POSITIVE' }, { signal }),
    () => of.feedback.get('x', { signal }),
    () => of.feedback.list(undefined, { signal }),
    () => of.registerWebhook({ url: 'https://e.com' }, { signal }),
    () => of.image(`${server.baseUrl}/images/1`, { signal }),
  ];

  it('each call ends by its signal, before and under way', async () => {
    asked.length = 0;
    answer = () => undefined;
    for (const call of calls(client, AbortSignal.abort('no'))) assert.equal((await failure(call)).reason, 'no');
    assert.equal(asked.length, 0);
    const controller = new AbortController();
    const { hungUp } = server.seen;
    const ends = calls(client, controller.signal).map(failure);
    await until(() => asked.length === ends.length, 'every request under way');
    controller.abort('enough');
    for (const error of await Promise.all(ends)) {
      assert.ok(error instanceof ii.AbortError);
      assert.equal(error.reason, 'enough');
    }
    await until(() => server.seen.hungUp === hungUp + ends.length, 'every connection closed');
  });

  it('each call ends where the client is closed, also those that fetch pictures', async () => {
    asked.length = 0;
    answer = () => undefined;
    const closing = server.client();
    const kept = closing.resume(tokenOf(closing, { kind: 'ask' }));
    const { hungUp } = server.seen;
    const ends = calls(closing).map(failure);
    await until(() => asked.length === ends.length, 'every request under way');
    closing.close();
    for (const call of [...ends, ...calls(closing).map(failure), failure(kept.get())]) {
      assert.ok((await call) instanceof ii.ClosedError);
    }
    await until(() => server.seen.hungUp === hungUp + ends.length, 'every connection closed');
    assert.equal(kept.kind, 'ask');
  });

  it('a closed client keeps no connection to a picture, whoever still holds a handle', async () => {
    const { open } = server.seen;
    const closing = server.client();
    const kept = closing.resume(tokenOf(closing));
    answer = (_request, response) => send(response, PICTURE);
    await closing.image(`${server.baseUrl}/images/1`);
    assert.ok(server.seen.open > open);
    closing.close();
    await until(() => server.seen.open <= open, 'its connections closed');
    assert.equal(kept.id, 'f9d73f87');
  });

  it('prints no secret', async () => {
    const options = { depth: 20, showHidden: true };
    const handle = client.resume(tokenOf(client, { kind: 'ask' }));
    for (const one of [handle, client.matchJobs, client.feedback, client.recognition('staff')]) {
      for (const shown of [inspect(one, options), JSON.stringify(one), `${one}`]) {
        assert.ok(![SECRET, TOKEN].some((secret) => shown.includes(secret)), shown);
      }
    }
  });

  const target = (more) => client.match({ images: URLS, target: { class: 'dog', images: URLS, ...more } });
  const ask = (more) => client.ask({ images: URLS, question: 'Is it?', ...more });
  for (const [what, call, message] of [
    [
      'no target',
      () => client.match({ images: URLS }),
      /^target: undefined given, \{ class, images, customId \} wanted$/,
    ],
    ['a target that is a name', () => client.match({ images: URLS, target: 'dog' }), /^target: a string given/],
    ['a target of no class', () => target({ class: undefined }), /^target\.class: undefined given, a string wanted$/],
    ['a target of one URL', () => target({ images: URLS[0] }), /^target\.images: a string given, an array/],
    ['a target without pictures', () => target({ images: undefined }), /^target\.images: undefined given, an array of/],
    ['a target of files', () => target({ images: [{ path: 'a' }] }), /^target\.images\[0\]: an object given, a string/],
    ['a typing error in a target', () => target({ custom: 'x' }), /^target: there is no option "custom"/],
    ['four pictures of a target', () => target({ images: Array(4).fill(URLS[0]) }), /^target\.images: 4 given/],
    ['no question', () => ask({ question: undefined }), /^question: undefined given, a string wanted$/],
    ['a long question', () => ask({ question: 'x'.repeat(257) }), /^question: 257 characters/],
    ['an example that is no URL', () => ask({ examples: { yes: 'a.jpg' } }), /^examples\.yes: a string given/],
    ['examples in a list', () => ask({ examples: URLS }), /^examples: an array given/],
    ['no namespace', () => client.recognize({ images: URLS }), /^namespace: undefined given, a string wanted$/],
    ['an empty namespace', () => client.recognize({ images: URLS, namespace: '' }), /^namespace/],
    ['a moment that is text', () => client.askJobs.search({ after: '2020' }), /^after: a string given, a Date or/],
    ['a moment that is none', () => client.askJobs.search({ after: new Date('x') }), /^after: an invalid Date given/],
    [
      'a moment before all',
      () => client.askJobs.search({ after: new Date(0) }),
      /^after: a Date given, a Date after 1973/,
    ],
    ['a typing error in a search', () => client.askJobs.search({ feed: 'x' }), /^search: there is no option "feed"/],
    ['feedback about nothing', () => client.feedback.create('x', {}), /^classes: none given/],
    ['feedback about no job', () => client.feedback.create('', {}), /^jobId: an empty string given/],
    ['feedback that is a name', () => client.feedback.create('x', 'dog'), /^classes: a string given/],
    ['feedback that is no code', () => client.feedback.create('x', { dog: 7 }), /^classes\.dog: 7 given, a string/],
    ['feedback of another code', () => client.feedback.create('x', { dog: 'BAD' }), /^classes\[0\]\.code: "BAD" given/],
    ['feedback of half a class', () => client.feedback.create('x', [{ class: 'a' }]), /^classes\[0\]\.code: undefined/],
    ['feedback of a hole', () => client.feedback.create('x', Array(1)), /^classes\[0\]: undefined given/],
    ['feedback of no job in a list', () => client.feedback.list(''), /^jobId: an empty string given/],
    ['a webhook without a URL', () => client.registerWebhook({}), /^url: undefined given, a URL wanted$/],
    [
      'a webhook whose secret is not set',
      () => client.registerWebhook({ url: URLS[0], secretKey: undefined }),
      /^secretKey: undefined given, a string \(leave it out for events that are not signed\) wanted$/,
    ],
    [
      'a webhook with a short secret',
      () => client.registerWebhook({ url: URLS[0], secretKey: 'short' }),
      /^secretKey: 5 characters given, 8 to 256 wanted/,
    ],
    ['a picture of no URL', () => client.image(), /^url: undefined given, a URL wanted$/],
    ['a kind of token that is none', () => client.resume(tokenOf(client), 7), /^kind: 7 given, a string wanted$/],
  ]) {
    it(`${what} is refused before anything is sent`, async () => {
      asked.length = 0;
      const error = await failure(call);
      assert.ok(error instanceof ii.InvalidRequestError, error.stack);
      assert.match(error.message, message);
      assert.equal(asked.length, 0);
    });
  }
});
