// Many jobs that are waited for at once.

import assert from 'node:assert/strict';
import { after, before, beforeEach, it } from 'node:test';
import * as ii from 'image-intelligence';
import { jobServer } from './support/jobs.mjs';
import { failure, tokenOf } from './support/scripted.mjs';
import { until } from './support/surroundings.mjs';

let server;
let client;
before(async () => {
  server = await jobServer({ done: false });
  client = server.client({ requestsPerSecond: 50 });
});
beforeEach(() => {
  server.jobs.length = 0;
});
after(async () => {
  client.close();
  await server.close();
});

const submit = (count, by = client) =>
  Promise.all(Array.from({ length: count }, () => by.detect({ images: ['https://e.com/1.jpg'], classes: ['person'] })));

const finish = (id) => {
  server.jobs.find((job) => job.id === id).done = true;
};

it('each is given when it ends', async () => {
  const handles = await submit(6);
  const order = [];
  const last = handles[3];
  for (const handle of handles) if (handle !== last) finish(handle.id);
  for await (const { job, ok, result, error } of client.asCompleted(new Set(handles))) {
    assert.deepEqual([ok, error, result.id, result.status], [true, undefined, job.id, 'COMPLETED_SUCCESSFULLY']);
    // The result is tied to the caller's picture, and what came is reachable, as after a wait.
    assert.equal(result.imageResults[0].input.source, 'https://e.com/1.jpg');
    assert.equal(ii.rawJson(result).customId, job.customId);
    order.push(job);
    if (order.length === 5) finish(last.id);
  }
  assert.equal(order.at(-1), last);
  assert.deepEqual(new Set(order), new Set(handles));
});

it('by tokens, also those of a client that is gone', async () => {
  const other = server.client();
  const handles = await submit(2, other);
  other.close();
  for (const { id } of handles) finish(id);
  const tokens = handles.map(({ resumeToken }) => resumeToken);
  const tracked = [];
  for await (const { job, result } of client.track(tokens)) {
    assert.ok(job instanceof ii.JobHandle);
    assert.equal(result.id, job.id);
    tracked.push(job.resumeToken);
  }
  assert.deepEqual(tracked.sort(), tokens.sort());
  // A handle of another client of this API will do, and is waited for by this one.
  for await (const { job, ok } of client.asCompleted(handles)) assert.ok(ok && handles.includes(job));
});

it('what goes wrong with one is its own', async () => {
  const [waiting, good] = await submit(2);
  finish(good.id);
  // An old job that the API does not know.
  const lost = client.resume(tokenOf(client));
  const ended = new Map();
  for await (const one of client.asCompleted([waiting, good, lost], { timeout: 1500 })) ended.set(one.job, one);
  assert.equal(ended.get(good).ok, true);
  const { ok, result, error } = ended.get(waiting);
  assert.deepEqual([ok, result], [false, undefined]);
  assert.ok(error instanceof ii.WaitTimeoutError);
  assert.equal(error.resumeToken, waiting.resumeToken);
  assert.ok(ended.get(lost).error instanceof ii.JobLostError);
});

it('a signal, a break, a return and close() end it, and no job', async () => {
  const handles = await submit(2);
  const reason = new Error('enough');
  const controller = new AbortController();
  const waiting = client.asCompleted(handles, { signal: controller.signal });
  const next = failure(waiting.next());
  controller.abort(reason);
  assert.equal((await next).reason, reason);
  assert.deepEqual(await waiting.next(), { done: true, value: undefined });

  finish(handles[0].id);
  for await (const { job } of client.asCompleted(handles)) {
    assert.equal(job, handles[0]);
    break;
  }

  const left = client.asCompleted(handles.slice(1));
  const nothing = left.next();
  await left[Symbol.asyncDispose]();
  assert.deepEqual(await nothing, { done: true, value: undefined });

  const other = server.client();
  const closing = failure(other.asCompleted(handles.slice(1)).next());
  const { requests } = server.seen;
  await until(() => server.seen.requests > requests, 'a look');
  other.close();
  assert.ok((await closing) instanceof ii.ClosedError);
});

it('none are none, and what is no job is refused', async () => {
  assert.deepEqual(await client.asCompleted([]).next(), { done: true, value: undefined });
  assert.deepEqual(await client.track([]).next(), { done: true, value: undefined });
  const elsewhere = server.client({ baseUrl: 'http://127.0.0.1:1/v2' });
  const foreign = elsewhere.resume(tokenOf(elsewhere));
  elsewhere.close();
  for (const [call, name, words] of [
    [() => client.asCompleted(undefined), 'InvalidRequestError', /^jobs: undefined given, an array of handles wanted/],
    [() => client.asCompleted([{}]), 'InvalidRequestError', /^jobs\[0\]: an object given, a handle of a job wanted/],
    [() => client.asCompleted([client.detectJobs.get('x').catch(() => 0)]), 'InvalidRequestError', /await it first/],
    [() => client.asCompleted([foreign]), 'InvalidRequestError', /^jobs\[0\]: a job of http:\/\/127.0.0.1:1\/v2 given/],
    [() => client.asCompleted([], { deadline: 1 }), 'InvalidRequestError', /no option "deadline"/],
    [() => client.track('ii1_x'), 'InvalidRequestError', /^tokens: a string given, an array of resume tokens wanted/],
    [() => client.track([7]), 'InvalidRequestError', /^tokens\[0\]: 7 given/],
    [() => client.track([tokenOf(client), 'ii1_x']), 'ResumeTokenError', /^tokens\[1\]: ./],
    [() => server.client({ requestsPerSecond: 0 }), 'ConfigError', /^requestsPerSecond: 0 given, a number above 0/],
    [() => server.client({ requestsPerSecond: '5' }), 'ConfigError', /^requestsPerSecond: a string given/],
  ]) {
    const error = await failure(call);
    assert.ok(error instanceof ii[name], `${error}`);
    assert.match(error.message, words);
  }
});
