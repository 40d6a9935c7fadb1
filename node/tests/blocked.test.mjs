// Webhooks that come while the event loop is blocked: each is answered meanwhile, and none is lost.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { Receiver } from 'image-intelligence';
import { inboxOf, WEBHOOK_SECRET } from './support/inboxes.mjs';

const WEBHOOKS = 10_000;
const HANDLERS = 64;
/** What a sender waits for an answer, in milliseconds. */
const PATIENCE = 10_000;

it(`${WEBHOOKS} webhooks while the event loop is blocked`, async (test) => {
  const { inbox, clean } = await inboxOf();
  const receiver = await Receiver.listen(inbox, { address: '127.0.0.1:0', secrets: WEBHOOK_SECRET });
  // How many were answered 200, how many were not, the slowest in milliseconds, and whether that is all.
  const shared = new Int32Array(new SharedArrayBuffer(16));
  const sender = new Worker(new URL('./support/sender.mjs', import.meta.url), {
    workerData: { base: receiver.publicUrl, count: WEBHOOKS, shared },
  });
  sender.unref();
  // This blocks the thread, and with it the event loop, until the last is answered: were an answer to need it, all would end here.
  assert.equal(Atomics.wait(shared, 3, 0, 100_000), 'ok');
  const [answered, failed, slowest] = shared;
  test.diagnostic(`the slowest answer took ${slowest} ms`);
  assert.deepEqual([answered, failed], [WEBHOOKS, 0]);
  assert.ok(slowest < PATIENCE, `an answer took ${slowest} ms`);

  const ids = new Set();
  const all = new AbortController();
  const handle = async () => {
    while (!all.signal.aborted) {
      const delivery = await inbox.next({ signal: all.signal });
      ids.add(delivery.event.event.identity.id);
      await delivery.ack();
      if (ids.size === WEBHOOKS) all.abort();
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: HANDLERS }, handle));
  for (const { reason } of ends) assert.ok(reason === undefined || reason.kind === 'cancelled', reason);
  const { events } = await inbox.counts();
  assert.deepEqual([ids.size, events.done, events.dead], [WEBHOOKS, WEBHOOKS, 0]);
  await sender.terminate();
  await receiver.close();
  await clean();
});
