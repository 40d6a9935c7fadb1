// What is kept in files, from one process to the next: a manifest of a run, a journal of submits.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import * as ii from 'image-intelligence';
import { jobServer, urls } from './support/jobs.mjs';
import { failure, scripted } from './support/scripted.mjs';

const CLASSES = { classes: ['person'] };

let folder;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'ii-node-'));
});
after(() => rmSync(folder, { recursive: true }));

it('a run that was left goes on from its manifest: no picture is sent twice, and each has one result', async () => {
  const server = await jobServer();
  const client = server.client();
  const options = { ...CLASSES, batchSize: 2, concurrency: 2, manifest: join(folder, 'run.jsonl') };
  for await (const { ok } of client.detectAll(urls(12), options)) {
    assert.ok(ok);
    break;
  }
  const first = server.jobs.length;
  assert.ok(first >= 1 && first < 6, `${first} jobs`);
  const items = [];
  for await (const item of client.detectAll(urls(12), { ...options, ordered: true })) items.push(item);
  assert.deepEqual(
    items.map(({ index, source, ok }) => [index, source, ok]),
    urls(12).map((url, index) => [index, url, true]),
  );
  const sent = server.jobs.flatMap((job) => job.sent.images.map(({ url }) => url));
  assert.deepEqual(sent.sort(), urls(12).sort());
  client.close();
  await server.close();
});

it('a manifest that is none is refused, and left as it is', async () => {
  const server = await jobServer();
  const client = server.client();
  const manifest = join(folder, 'diary.txt');
  writeFileSync(manifest, 'dear diary\n');
  const error = await failure(() => client.detectAll(urls(1), { ...CLASSES, manifest }));
  assert.ok(error instanceof ii.StoreError, `${error}`);
  assert.match(error.message, /diary\.txt/);
  assert.equal(readFileSync(manifest, 'utf8'), 'dear diary\n');
  client.close();
  await server.close();
});

it('a journal knows what became of submits that nobody saw the end of', async () => {
  const server = await jobServer();
  const journal = join(folder, 'submits.jsonl');
  const detect = (client) => client.detect({ images: urls(2), ...CLASSES, customId: 'mine' });
  const first = server.client({ journal });
  const { id, resumeToken } = await detect(first);
  assert.deepEqual(await first.recover(), []);
  first.close();

  const second = server.client({ journal });
  const [submit, ...others] = await second.recover();
  assert.deepEqual(others, []);
  assert.deepEqual(
    [submit.kind, submit.customId, submit.images, submit.outcome, submit.candidates, submit.namespace],
    ['detect', 'mine', 2, 'accepted', [], undefined],
  );
  assert.ok(submit.sentAt instanceof Date && Math.abs(Date.now() - submit.sentAt) < 60_000);
  assert.equal(submit.resumeToken, resumeToken);
  assert.equal((await second.resume(submit.resumeToken).wait()).id, id);
  await second.forget(submit);
  await second.forget(submit);
  assert.deepEqual(await second.recover(), []);
  second.close();
  await server.close();
});

it('a journal knows what never left, and so may be sent again', async () => {
  const nobody = await scripted(() => ({}));
  await nobody.close();
  const journal = join(folder, 'nobody.jsonl');
  const first = nobody.client({ journal });
  assert.ok((await failure(first.ask({ images: urls(1), question: 'Is it?' }))) instanceof ii.APIConnectionError);
  first.close();
  const second = nobody.client({ journal });
  const submits = await second.recover();
  // Whoever called was told that it was not sent.
  assert.deepEqual(submits, []);
  for (const [call, name, words] of [
    [() => second.forget({}), 'InvalidRequestError', /^submit\.rid: undefined given/],
    [() => second.forget(), 'InvalidRequestError', /^submit\.rid/],
    [() => second.forget({ rid: 'x' }), 'InvalidRequestError', /^rid/],
    [() => second.recover({ after: 1 }), 'InvalidRequestError', /no option "after"/],
    [() => nobody.client({ journal: 7 }), 'ConfigError', /^journal: 7 given/],
    [() => nobody.client({ journal: '' }), 'ConfigError', /^journal: an empty path given; leave it out/],
    [() => nobody.client({ journal: folder }), 'StoreError', /./],
    [() => nobody.client().recover(), 'ConfigError', /^journal: none is kept/],
  ]) {
    const error = await failure(call);
    assert.ok(error instanceof ii[name], `${error}`);
    assert.match(error.message, words);
  }
  second.close();
});
