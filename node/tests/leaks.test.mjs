// The border leaks nothing: connections close, memory and handles are level.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { parseWebhook } from 'image-intelligence';
import { endless, jobServer } from './support/jobs.mjs';
import { failure, job, scripted, tokenOf } from './support/scripted.mjs';
import { until } from './support/surroundings.mjs';

const AT_ONCE = 100;
const MOST_GROWTH = 12e6;

let server;
let client;
let silent = false;
before(async () => {
  const body = JSON.stringify(job({ imageResults: [{ objects: [], status: 'COMPLETED_SUCCESSFULLY' }] }));
  const rows = JSON.stringify(
    Array.from({ length: 100 }, (_, id) => ({ id: `${id}`, images: [], createdAt: 1e12 + id })),
  );
  server = await scripted((request, response) => {
    if (!silent) response.end(request.url.endsWith('/search') ? rows : body);
  });
  client = server.client();
});
after(async () => {
  client.close();
  await server.close();
});

/** What this process holds, after everything that is garbage is gone. */
async function held() {
  for (let times = 0; times < 5; times += 1) {
    globalThis.gc();
    await turn();
  }
  const files = process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0;
  return { rss: process.memoryUsage.rss(), files, handles: process.getActiveResourcesInfo().length };
}

/** Twice the same: what the second time adds is a leak, the first time warms up. */
async function assertLevel(work, moreFiles = 2) {
  await work();
  const before = await held();
  await work();
  const now = await held();
  const growth = `${((now.rss - before.rss) / 1e6).toFixed(1)} MB`;
  assert.ok(now.rss - before.rss < MOST_GROWTH, `the memory grew by ${growth}`);
  assert.ok(now.files <= before.files + moreFiles, `open files: ${before.files}, then ${now.files}`);
  assert.ok(now.handles <= before.handles + 2, `handles: ${before.handles}, then ${now.handles}`);
}

it('10,000 calls', async () => {
  await assertLevel(async () => {
    for (let done = 0; done < 5000; done += AT_ONCE) {
      const jobs = await Promise.all(Array.from({ length: AT_ONCE }, () => client.detectJobs.get('f9d73f87')));
      assert.ok(jobs.every(({ id }) => id === 'f9d73f87'));
    }
  });
});

it('1,000 calls that are aborted in flight: the server sees each connection close', async () => {
  silent = true;
  process.once('warning', (warning) => assert.fail(warning));
  await assertLevel(async () => {
    for (let done = 0; done < 500; done += AT_ONCE) {
      const { requests, hungUp } = server.seen;
      const controller = new AbortController();
      const { signal } = controller;
      const calls = Array.from({ length: AT_ONCE }, () => failure(client.detectJobs.get('f9d73f87', { signal })));
      await until(() => server.seen.requests === requests + AT_ONCE, 'every request under way');
      controller.abort();
      for (const error of await Promise.all(calls)) assert.equal(error.kind, 'cancelled');
      await until(() => server.seen.hungUp === hungUp + AT_ONCE, 'every connection closed');
    }
  });
  silent = false;
  await until(() => server.seen.open < AT_ONCE, 'the connections closed');
});

it('2,000 loops over rows that are left early', async () => {
  const { identities } = client.recognition('staff');
  await assertLevel(async () => {
    for (let done = 0; done < 1000; done += 1) {
      for await (const { id } of identities.all()) if (id === '50') break;
    }
  });
});

it('200 runs that are left early, and waits for many jobs', async () => {
  const server = await jobServer();
  const client = server.client();
  await assertLevel(async () => {
    for (let done = 0; done < 100; done += 10) {
      await Promise.all(
        Array.from({ length: 10 }, async () => {
          const { pictures, seen } = endless();
          const run = client.detectAll(pictures, { classes: ['person'], batchSize: 64, concurrency: 2 });
          for await (const { ok } of run) {
            assert.ok(ok);
            break;
          }
          assert.equal(seen.closed, 1);
          for await (const { ok } of client.track(run.inFlight)) {
            assert.ok(ok);
            break;
          }
        }),
      );
      server.jobs.length = 0;
    }
    // How many connections are kept depends on how many POSTs were just under way; a hundred runs that leak are a hundred.
  }, 30).finally(async () => {
    client.close();
    await server.close();
  });
});

it('1,000 handles of clients that were closed', async () => {
  await assertLevel(async () => {
    const kept = [];
    for (let done = 0; done < 500; done += 1) {
      const one = server.client();
      kept.push(one.resume(tokenOf(one, { kind: 'match' })));
      one.close();
    }
    assert.ok(kept.every(({ kind }) => kind === 'match'));
  });
});

it('1,000 clients', async () => {
  await assertLevel(async () => {
    for (let done = 0; done < 500; done += 1) {
      const one = server.client();
      if (done % 50 === 0) assert.equal((await one.detectJobs.get('f9d73f87')).id, 'f9d73f87');
      if (done % 2) one.close();
      if (done % 100 === 0) await held();
    }
  });
});

it('100,000 webhooks, good and bad', async () => {
  const good = Buffer.from(JSON.stringify(job()));
  const odd = Buffer.from(JSON.stringify(job({ id: 7 })));
  const other = Buffer.from('{"event": "IDENTITY_CREATED"}');
  await assertLevel(async () => {
    for (let done = 0; done < 50_000; done += 4) {
      assert.equal(parseWebhook(good).kind, 'detect');
      assert.equal(parseWebhook(odd).job.id, '7');
      assert.equal(parseWebhook(other).kind, 'event');
      assert.equal(parseWebhook('{}').kind, 'unknown');
      if (done % 40 === 0) assert.throws(() => parseWebhook('x'), { kind: 'invalid_webhook' });
    }
  });
});
