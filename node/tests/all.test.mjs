// Any number of pictures: what is pulled and sent when, what comes back, and what happens where it is left early.

import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import * as ii from 'image-intelligence';
import { endless, endlessLater, jobServer, urls } from './support/jobs.mjs';
import { failure, scripted, send } from './support/scripted.mjs';
import { until } from './support/surroundings.mjs';

const CLASSES = { classes: ['person'] };

/** A server and a client of a test's own, gone with the tests. */
async function own(options) {
  const server = await jobServer(options);
  const client = server.client();
  after(async () => {
    client.close();
    await server.close();
  });
  return { server, client };
}

async function every(run) {
  const items = [];
  for await (const item of run) items.push(item);
  return items;
}

const byIndex = (items) => items.toSorted((a, b) => a.index - b.index);

describe('results', { concurrency: true }, () => {
  it('are of each picture, with the very thing that was passed in', async () => {
    const { server, client } = await own();
    const images = [...urls(69), { url: 'https://e.com/x.jpg', customId: 'mine' }];
    const run = client.detectAll(new Set(images), { ...CLASSES, feedId: 'door', boundingBoxes: true });
    assert.equal(run.progress.total, 70);
    const items = byIndex(await every(run));
    assert.equal(items.length, 70);
    for (const [index, item] of items.entries()) {
      assert.deepEqual([item.index, item.ok, item.error, item.chosen], [index, true, undefined, false]);
      assert.equal(item.source, images[index]);
      assert.equal(item.result.objects[0].class, 'person');
      assert.equal(item.result.input.index, index);
      assert.equal(item.customId, index === 69 ? 'mine' : undefined);
      // Two jobs, sent side by side.
      assert.equal(item.jobId, items[index < 64 ? 0 : 64].jobId);
    }
    assert.notEqual(items[0].jobId, items[64].jobId);
    assert.deepEqual(
      server.sizes().sort((a, b) => b - a),
      [64, 6],
    );
    const [{ sent }] = server.jobs;
    assert.deepEqual([sent.feedId, sent.boundingBox, sent.classes.length], ['door', true, 1]);
    const { total, done, failed, inFlight, jobs, elapsed } = run.progress;
    assert.deepEqual([total, done, failed, inFlight, jobs], [70, 70, 0, 0, 2]);
    assert.ok(elapsed > 0);
    assert.deepEqual(run.inFlight, []);
    // It is over, and stays so.
    assert.deepEqual(await run.next(), { done: true, value: undefined });
    assert.deepEqual(await every(run), []);
  });

  it('of 1,000 pictures are 1,000', async () => {
    const { server, client } = await own();
    const told = [];
    const items = await every(client.detectAll(urls(1000), { ...CLASSES, onProgress: (one) => told.push(one) }));
    assert.deepEqual(
      byIndex(items).map(({ index, source, ok }) => `${index} ${source} ${ok}`),
      urls(1000).map((url, index) => `${index} ${url} true`),
    );
    assert.equal(
      server.sizes().reduce((all, size) => all + size),
      1000,
    );
    assert.ok(told.every(({ total, done, inFlight }) => total === 1000 && done + inFlight <= 1000));
    assert.ok(told.some(({ inFlight }) => inFlight > 0));
    assert.equal(told.at(-1).done, 1000);
  });

  it('are in the order of the pictures where that is asked for', async () => {
    const { server, client } = await own({ done: false });
    const run = client.detectAll(urls(6), { ...CLASSES, batchSize: 2, ordered: true });
    const first = run.next();
    await until(() => server.jobs.length === 3, 'three jobs');
    for (const job of server.jobs.slice(1)) job.done = true;
    const items = every(run);
    const { client: other } = await own();
    // While this goes from end to end, the first job is not done, and nothing is given.
    await every(other.detectAll(urls(1), CLASSES));
    assert.equal(await Promise.race([first, 'nothing']), 'nothing');
    server.jobs[0].done = true;
    const { value } = await first;
    assert.deepEqual(
      [value, ...(await items)].map(({ index }) => index),
      [0, 1, 2, 3, 4, 5],
    );
  });

  it('are errors where a picture is at fault, and the others go on', async () => {
    const { client } = await own();
    const images = [
      'https://e.com/1.jpg',
      7,
      { path: 'nowhere.jpg' },
      'street.jpg',
      Promise.resolve(''),
      { url: 'https://e.com/2.jpg', customId: 'cobwebs' },
      { data: 'x' },
      '',
    ];
    const items = byIndex(await every(client.detectAll(images, CLASSES)));
    assert.deepEqual(
      items.map(({ ok, error }) => [ok, error?.kind]),
      [
        [true, undefined],
        [false, 'invalid_request'],
        [false, 'invalid_request'],
        [false, 'invalid_request'],
        [false, 'invalid_request'],
        [false, 'bad_request'],
        [false, 'invalid_request'],
        [false, 'invalid_request'],
      ],
    );
    for (const [index, item] of items.entries()) assert.equal(item.source, images[index]);
    assert.ok(items[1].error instanceof ii.InvalidRequestError);
    assert.match(items[1].error.message, /^images\[1\]: 7 given, a URL/);
    assert.match(items[3].error.message, /for a file pass/);
    assert.match(items[4].error.message, /await it first/);
    assert.match(items[6].error.message, /^images\[6\]\.data/);
    assert.deepEqual([items[5].customId, items[5].result.status], ['cobwebs', 'SPIDERWEBS_ERROR']);
    assert.equal(items[1].result, undefined);
  });

  it('come though the source is slow', async () => {
    const { client } = await own();
    let given;
    const first = new Promise((resolve) => {
      given = resolve;
    });
    async function* pictures() {
      yield* urls(2);
      // Were results held up by this, both would wait for ever.
      await first;
      yield 'https://e.com/last.jpg';
    }
    const indices = [];
    for await (const { index } of client.detectAll(pictures(), { ...CLASSES, batchSize: 2 })) {
      indices.push(index);
      given();
    }
    assert.deepEqual(indices.sort(), [0, 1, 2]);
  });

  it('of none are none', async () => {
    const { server, client } = await own();
    assert.deepEqual(await every(client.detectAll([], CLASSES)), []);
    assert.deepEqual(await every(client.detectAll((async function* () {})(), CLASSES)), []);
    assert.equal(server.jobs.length, 0);
  });

  it('go to each call of next that overlaps', async () => {
    const { client } = await own();
    const run = client.detectAll(urls(2), CLASSES);
    const [one, other, end] = await Promise.all([run.next(), run.next(), run.next()]);
    assert.deepEqual([one.value.index, other.value.index].sort(), [0, 1]);
    assert.equal(end.done, true);
  });
});

describe('pictures', { concurrency: true }, () => {
  for (const [what, source] of [
    ['a generator', endless],
    ['an async iterator', endlessLater],
  ]) {
    it(`of ${what} are pulled as results are taken`, async () => {
      const { server, client } = await own();
      const { pictures, seen } = source();
      const run = client.detectAll(pictures, { ...CLASSES, batchSize: 4, concurrency: 2 });
      assert.equal(seen.pulled, 0);
      let taken = 0;
      for await (const item of run) {
        taken += 1;
        assert.equal(item.source, `https://e.com/${item.index}.jpg`);
        // Two jobs of which results have not been taken, and none besides; of one that is taken to its end there may be a next.
        assert.ok(seen.pulled <= 8 + 4 * Math.floor(taken / 4), `${seen.pulled} pulled, ${taken} taken`);
        if (taken === 12) break;
      }
      assert.equal(seen.closed, 1);
      assert.ok((seen.most ?? 1) === 1, 'two pulls at once');
      const { pulled } = seen;
      assert.ok(server.jobs.length <= 5);
      assert.ok(run.inFlight.length >= 1);
      // Nothing more is pulled, and it is closed once.
      assert.deepEqual(await run.next(), { done: true, value: undefined });
      await run.return();
      assert.deepEqual([seen.pulled, seen.closed], [pulled, 1]);
    });
  }

  it('are not pulled where nobody takes results', async () => {
    const { server, client } = await own();
    const { pictures, seen } = endless();
    const run = client.detectAll(pictures, { ...CLASSES, batchSize: 2, concurrency: 1 });
    const { value } = await run.next();
    assert.deepEqual([seen.pulled, server.jobs.length, value.jobId], [2, 1, 'job-0']);
    await run.return();
    // A generator that was never begun has nothing to close.
    const unbegun = endless();
    await client.detectAll(unbegun.pictures, CLASSES).return();
    assert.deepEqual([unbegun.seen.pulled, unbegun.seen.closed], [0, 0]);
  });

  for (const [what, pictures] of [
    [
      'a generator',
      function* (wrong) {
        yield* urls(3);
        throw wrong;
      },
    ],
    [
      'an async generator',
      async function* (wrong) {
        yield* urls(3);
        throw wrong;
      },
    ],
  ]) {
    it(`of ${what} that throws: results first, then the very error`, async () => {
      const { client } = await own();
      const wrong = new RangeError('the disk is gone');
      const run = client.detectAll(pictures(wrong), { ...CLASSES, batchSize: 2 });
      const items = [];
      const error = await failure(async () => {
        for await (const item of run) items.push(item);
      });
      assert.equal(error, wrong);
      assert.deepEqual(
        byIndex(items).map(({ index, ok }) => [index, ok]),
        [
          [0, true],
          [1, true],
          [2, true],
        ],
      );
      assert.deepEqual(await run.next(), { done: true, value: undefined });
    });
  }

  it('that cannot even be begun with are an error of their own', async () => {
    const { client } = await own();
    const wrong = new Error('no');
    for (const name of [Symbol.iterator, Symbol.asyncIterator]) {
      const images = {
        [name]() {
          throw wrong;
        },
      };
      assert.equal(await failure(every(client.detectAll(images, CLASSES))), wrong);
    }
  });
});

describe('an end before the last', { concurrency: true }, () => {
  it('by stop(): what is in flight is given, and the source is closed', async () => {
    const { server, client } = await own({ done: false });
    const { pictures, seen } = endless();
    const run = client.detectAll(pictures, { ...CLASSES, batchSize: 2, concurrency: 2 });
    const items = every(run);
    await until(() => server.jobs.length === 2 && run.progress.inFlight === 4, 'two jobs');
    run.stop();
    run.stop();
    assert.deepEqual([seen.pulled, seen.closed], [4, 1]);
    for (const job of server.jobs) job.done = true;
    assert.deepEqual(
      byIndex(await items).map(({ ok }) => ok),
      [true, true, true, true],
    );
    assert.deepEqual([server.jobs.length, seen.pulled, seen.closed], [2, 4, 1]);
  });

  it('by stop(), of what was not sent: it is said so', async () => {
    const { server, client } = await own();
    let stop;
    function* pictures() {
      yield* urls(2);
      stop();
    }
    const run = client.detectAll(pictures(), CLASSES);
    stop = () => run.stop();
    const items = await every(run);
    assert.deepEqual(
      items.map(({ index, error }) => [index, error.kind]),
      [
        [0, 'cancelled'],
        [1, 'cancelled'],
      ],
    );
    assert.ok(items[0].error instanceof ii.AbortError);
    assert.equal(server.jobs.length, 0);
  });

  it('by break: what is in flight is not lost', async () => {
    const { server, client } = await own();
    const { pictures } = endless();
    const run = client.detectAll(pictures, { ...CLASSES, batchSize: 2, concurrency: 3 });
    for await (const { jobId } of run) {
      assert.match(jobId, /^job-/);
      break;
    }
    const tracked = [];
    for await (const { job, result } of client.track(run.inFlight)) tracked.push([job.id, result.status]);
    assert.deepEqual(
      tracked.sort(),
      server.jobs.map(({ id }) => [id, 'COMPLETED_SUCCESSFULLY']),
    );
  });

  it('while a result is waited for', async () => {
    const { server, client } = await own({ done: false });
    const { pictures, seen } = endless();
    const run = client.detectAll(pictures, { ...CLASSES, batchSize: 1, concurrency: 1 });
    const next = run.next();
    await until(() => run.inFlight.length === 1, 'a job');
    await run[Symbol.asyncDispose]();
    assert.deepEqual(await next, { done: true, value: undefined });
    assert.deepEqual([seen.pulled, seen.closed, server.jobs.length, run.inFlight.length], [1, 1, 1, 1]);
  });

  it('while the source is waited for, which may be for ever', async () => {
    const { client } = await own();
    async function* pictures() {
      yield* urls(1);
      await new Promise(() => {});
    }
    const run = client.detectAll(pictures(), { ...CLASSES, batchSize: 1 });
    assert.equal((await run.next()).value.ok, true);
    const next = run.next();
    await run.return();
    assert.deepEqual(await next, { done: true, value: undefined });
  });

  it('by an error that closing the source throws', async () => {
    const { client } = await own();
    const wrong = new Error('stuck');
    const source = () => ({
      [Symbol.iterator]() {
        return this;
      },
      next: () => ({ done: false, value: 'https://e.com/1.jpg' }),
      return() {
        throw wrong;
      },
    });
    const options = { ...CLASSES, batchSize: 1, concurrency: 1 };
    const broken = failure(async () => {
      for await (const _ of client.detectAll(source(), options)) break;
    });
    assert.equal(await broken, wrong);
    const run = client.detectAll(source(), options);
    await run.next();
    run.stop();
    assert.equal(await failure(every(run)), wrong);
  });

  it('by a signal', async () => {
    const { server, client } = await own({ done: false });
    const reason = new Error('no longer wanted');
    const controller = new AbortController();
    const { pictures, seen } = endless();
    const options = { ...CLASSES, batchSize: 1, concurrency: 2, signal: controller.signal };
    const run = client.detectAll(pictures, options);
    const loop = failure(every(run));
    await until(() => run.inFlight.length === 2, 'two jobs');
    controller.abort(reason);
    const error = await loop;
    assert.ok(error instanceof ii.AbortError);
    assert.equal(error.reason, reason);
    assert.deepEqual([seen.closed, run.inFlight.length, server.jobs.length], [1, 2, 2]);
    assert.deepEqual(await run.next(), { done: true, value: undefined });

    const late = endless();
    assert.ok((await failure(every(client.detectAll(late.pictures, options)))) instanceof ii.AbortError);
    assert.equal(late.seen.pulled, 0);
  });

  it('by close()', async () => {
    const server = await jobServer({ done: false });
    const client = server.client();
    const { pictures, seen } = endlessLater();
    const run = client.detectAll(pictures, { ...CLASSES, batchSize: 1, concurrency: 1 });
    const loop = failure(every(run));
    await until(() => run.inFlight.length === 1, 'a job');
    client.close();
    assert.ok((await loop) instanceof ii.ClosedError);
    assert.equal(seen.closed, 1);
    assert.ok((await failure(() => client.detectAll([], CLASSES))) instanceof ii.ClosedError);
    await server.close();
  });

  it('by what onProgress throws', async () => {
    const { client } = await own();
    const wrong = new Error('no bar');
    const { pictures, seen } = endless();
    const onProgress = () => {
      throw wrong;
    };
    assert.equal(await failure(every(client.detectAll(pictures, { ...CLASSES, onProgress }))), wrong);
    assert.ok(seen.closed <= 1);
  });

  it('by what a promise of onProgress rejects with, be it while a result is waited for', async () => {
    const { server, client } = await own({ done: false });
    const wrong = new Error('no bar');
    const { pictures, seen } = endless();
    let reject;
    const onProgress = () =>
      new Promise((_, no) => {
        reject = no;
      });
    const run = client.detectAll(pictures, { ...CLASSES, batchSize: 1, concurrency: 2, onProgress });
    const loop = failure(every(run));
    await until(() => run.inFlight.length === 2, 'two jobs');
    server.jobs[0].done = true;
    await until(() => reject && server.jobs.length === 3 && run.inFlight.length === 2, 'a result, and a third job');
    reject(wrong);
    assert.equal(await loop, wrong);
    assert.deepEqual([seen.closed, run.inFlight.length, server.jobs.length], [1, 2, 3]);
    assert.deepEqual(await run.next(), { done: true, value: undefined });
  });

  it('by an async onProgress that throws at the last', async () => {
    const { client } = await own();
    const wrong = new Error('no bar');
    const indices = [];
    const onProgress = async ({ done }) => {
      if (done < 2) return;
      // The last result is given by then, and no other comes.
      await until(() => indices.length === 2, 'the last');
      throw wrong;
    };
    const error = await failure(async () => {
      for await (const { index } of client.detectAll(urls(2), { ...CLASSES, onProgress })) indices.push(index);
    });
    assert.equal(error, wrong);
    assert.deepEqual(indices.sort(), [0, 1]);
  });

  it('as every further job would be refused', async () => {
    const server = await scripted((_request, response) => send(response, { message: 'no' }, 403));
    const client = server.client();
    const items = await every(client.detectAll(urls(200), { ...CLASSES, batchSize: 10 }));
    assert.equal(items.length, 200);
    assert.ok(items.every(({ error }) => error instanceof ii.PermissionDeniedError));
    const { pictures, seen } = endless();
    const some = await every(client.detectAll(pictures, { ...CLASSES, batchSize: 10 }));
    assert.deepEqual(
      byIndex(some).map(({ index }) => index),
      Array.from({ length: seen.pulled }, (_, index) => index),
    );
    assert.equal(seen.closed, 1);
    client.close();
    await server.close();
  });
});

it('what is wrong is said at once, and nothing is pulled', async () => {
  const { server, client } = await own();
  const { pictures, seen } = endless();
  for (const [images, options, name, words] of [
    [pictures, {}, 'InvalidRequestError', /^classes/],
    [pictures, { classes: [] }, 'InvalidRequestError', /^classes/],
    [
      pictures,
      { ...CLASSES, dog: 1 },
      'InvalidRequestError',
      /^detectAll: there is no option "dog"; it takes feedId, (?!.*customId).*classes.*, manifest, timeout, signal$/,
    ],
    [pictures, { ...CLASSES, images: [] }, 'InvalidRequestError', /no option "images"/],
    [pictures, { ...CLASSES, customId: 'x' }, 'InvalidRequestError', /one name given for many jobs/],
    [pictures, { ...CLASSES, batchSize: 65 }, 'ConfigError', /65 given, 1 to 64 wanted/],
    [pictures, { ...CLASSES, batchSize: 0 }, 'ConfigError', /0 given, 1 to 64 wanted/],
    [pictures, { ...CLASSES, batchSize: -1 }, 'ConfigError', /^batchSize: -1 given/],
    [pictures, { ...CLASSES, concurrency: 1.5 }, 'ConfigError', /^concurrency: 1.5 given/],
    [pictures, { ...CLASSES, concurrency: 1001 }, 'ConfigError', /1 to 1000 wanted/],
    [pictures, { ...CLASSES, ordered: 'yes' }, 'InvalidRequestError', /^ordered/],
    [
      pictures,
      { ...CLASSES, onProgress: {} },
      'InvalidRequestError',
      /^onProgress: an object given, a function wanted/,
    ],
    [pictures, { ...CLASSES, timeout: -1 }, 'InvalidRequestError', /^timeout/],
    [pictures, { ...CLASSES, signal: new AbortController() }, 'InvalidRequestError', /pass controller.signal/],
    [pictures, { ...CLASSES, manifest: 7 }, 'ConfigError', /^manifest: 7 given/],
    [pictures, { ...CLASSES, manifest: '' }, 'ConfigError', /^manifest: an empty path given; leave it out/],
    ['https://e.com/1.jpg', CLASSES, 'InvalidRequestError', /^images: a string given, an array or another iterable/],
    [Buffer.from('x'), CLASSES, 'InvalidRequestError', /^images: a Buffer given/],
    [{ path: 'x' }, CLASSES, 'InvalidRequestError', /^images: an object given/],
    [undefined, CLASSES, 'InvalidRequestError', /^images: undefined given/],
  ]) {
    const error = await failure(() => client.detectAll(images, options));
    assert.ok(error instanceof ii[name], `${error}`);
    assert.match(error.message, words);
  }
  assert.match((await failure(() => client.askAll(pictures, {}))).message, /^question/);
  assert.match((await failure(() => client.matchAll(pictures, {}))).message, /^target/);
  assert.match((await failure(() => client.recognizeAll(pictures, { namespace: '' }))).message, /^namespace/);
  assert.deepEqual([seen.pulled, server.seen.requests], [0, 0]);
});
