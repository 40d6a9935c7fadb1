// The inbox and the receiver with its own listener: what comes, what handlers say of it, and what is left.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { ImageIntelligence, Inbox, Receiver } from 'image-intelligence';
import { eventOf, inboxOf, post, postEvent, sign, WEBHOOK_SECRET } from './support/inboxes.mjs';
import { jobServer, urls } from './support/jobs.mjs';
import { failure } from './support/scripted.mjs';
import { installed, until } from './support/surroundings.mjs';

const address = '127.0.0.1:0';

describe('events', () => {
  let inbox;
  let clean;
  let receiver;
  before(async () => {
    ({ inbox, clean } = await inboxOf({ retryPause: 1, longestRetryPause: 1, attempts: 3 }));
    receiver = await Receiver.listen(inbox, { address, secrets: WEBHOOK_SECRET, acceptForeign: true });
  });
  after(async () => {
    await receiver.close();
    await clean();
  });

  it('come as they were sent, and are done once they are acked', async () => {
    const body = eventOf('ann');
    assert.deepEqual(await postEvent(receiver.publicUrl, body), { status: 200, text: 'ok' });
    assert.deepEqual(await postEvent(receiver.publicUrl, body), { status: 200, text: 'ok' });
    const delivery = await inbox.next();
    assert.deepEqual(delivery.event, { kind: 'event', event: JSON.parse(body), raw: Buffer.from(body) });
    assert.equal(delivery.event, delivery.event);
    assert.deepEqual([delivery.kind, delivery.attempt, delivery.signed, delivery.isHeld], ['event', 1, true, true]);
    assert.match(delivery.idempotencyKey, /^[0-9a-f]{64}$/);
    assert.ok(delivery.receivedAt instanceof Date);
    await delivery.ack();
    assert.equal(delivery.isHeld, false);
    assert.equal((await failure(delivery.ack())).kind, 'invalid_request');
    const { state, deliveries, attempts } = await inbox.show(delivery.seq);
    assert.deepEqual({ state, deliveries, attempts }, { state: 'done', deliveries: 2, attempts: 1 });
  });

  it('a job that others sent, as it is understood', async () => {
    const body = JSON.stringify({ id: 7, status: 'COMPLETED_SUCCESSFULLY', jobResults: [], imageResults: [] });
    assert.equal((await post(`${receiver.publicUrl}/jobs`, body)).status, 200);
    const delivery = await inbox.next();
    assert.deepEqual([delivery.event.kind, delivery.event.job.id, delivery.jobId], ['detect', '7', '7']);
    assert.equal(Buffer.from(delivery.raw).toString(), body);
    await delivery.ack();
  });

  it('what cannot be read is kept as it came', async () => {
    const body = Buffer.from([0x7b, 0xff, 0x7d]);
    assert.equal((await post(`${receiver.publicUrl}/jobs`, body)).status, 200);
    const delivery = await inbox.next();
    assert.deepEqual(delivery.event, { kind: 'unknown', raw: body });
    await delivery.bury(new Error('not for us'));
    const { state, error, body: kept } = await inbox.show(delivery.seq);
    assert.deepEqual([state, error, Buffer.from(kept)], ['dead', 'not for us', body]);
  });

  it('what is nacked comes again, in the end as a dead letter, and once more when it is replayed', async () => {
    await postEvent(receiver.publicUrl, eventOf('bob'));
    const keys = new Set();
    for (const attempt of [1, 2, 3]) {
      const delivery = await inbox.next();
      assert.equal(delivery.attempt, attempt);
      keys.add(delivery.idempotencyKey);
      await delivery.nack('the database is away');
    }
    assert.equal(keys.size, 1);
    const [entry, ...others] = await inbox.list({ state: 'dead', kind: 'event' });
    assert.deepEqual([others.length, entry.error, entry.body], [0, 'the database is away', undefined]);
    assert.equal(await inbox.replay(entry.seq), 1);
    const delivery = await inbox.next();
    assert.deepEqual([delivery.seq, delivery.attempt], [entry.seq, 1]);
    await delivery.ack();
    assert.equal((await inbox.counts()).events.dead, 1);
  });

  it('an effect in the same database happens with the ack, or not at all', async () => {
    await postEvent(receiver.publicUrl, eventOf('eve'));
    const first = await inbox.next();
    assert.equal((await failure(first.ackWith('INSERT INTO nowhere VALUES (?1)', [1]))).kind, 'store');
    const again = await inbox.next();
    assert.deepEqual([again.seq, again.attempt], [first.seq, 2]);
    await again.ackWith([
      { sql: 'CREATE TABLE seen (id TEXT, number, real, bytes, empty)' },
      {
        sql: 'INSERT INTO seen VALUES (?1, ?2, ?3, ?4, ?5)',
        params: [again.event.event.identity.id, 3, 0.5, Buffer.from('x'), null],
      },
    ]);
    // Only what is there can be taken away, so the count says that it is.
    await postEvent(receiver.publicUrl, eventOf('mallory'));
    const check = await inbox.next();
    await check.ackWith(
      `INSERT INTO seen SELECT CASE WHEN id = 'eve' AND number = 3 AND typeof(number) = 'integer' AND real = 0.5
         AND bytes = x'78' AND empty IS NULL THEN 'good' ELSE abs(-9223372036854775808) END, 0, 0, 0, 0 FROM seen`,
    );
    assert.equal((await inbox.show(check.seq)).state, 'done');
  });

  it('a loop that is left lets go of what it holds', async () => {
    await postEvent(receiver.publicUrl, eventOf('ida'));
    let left;
    for await (const delivery of inbox) {
      left = delivery;
      break;
    }
    assert.equal(left.isHeld, false);
    for await (const delivery of inbox) {
      assert.deepEqual([delivery.seq, delivery.attempt], [left.seq, 2]);
      await delivery.ack();
      break;
    }
    await using(await inboxNext(inbox, receiver, 'jo'));
    const again = await inbox.next();
    assert.equal(again.attempt, 2);
    await again.ack();
  });

  it('what a handler forgets is handed out again once it is garbage', async () => {
    await postEvent(receiver.publicUrl, eventOf('lea'));
    const forget = async () => (await inbox.next()).seq;
    const seq = await forget();
    let again;
    inbox.next().then((delivery) => {
      again = delivery;
    });
    await until(() => {
      globalThis.gc();
      return again !== undefined;
    }, 'the forgotten delivery');
    assert.deepEqual([again.seq, again.attempt], [seq, 2]);
    await again.ack();
  });

  it('a call that is aborted loses nothing', async () => {
    const controller = new AbortController();
    const next = inbox.next({ signal: controller.signal });
    controller.abort();
    assert.equal((await failure(next)).kind, 'cancelled');
    await postEvent(receiver.publicUrl, eventOf('kim'));
    const delivery = await inbox.next();
    assert.equal(delivery.event.event.identity.id, 'kim');
    await delivery.ack();
  });

  it('what is wrong with a call is said', async () => {
    for (const [call, said] of [
      [() => inbox.list({ state: 'gone' }), /^state: "gone" given, one of received, ready, leased, done, dead wanted/],
      [() => inbox.show('1'), /^seq: a string given/],
      [() => Inbox.open(''), /^path: an empty path given/],
      [() => Inbox.open('x.db', { attempts: 0 }), /attempts: 0 given, 1 to 1000 wanted/],
      [() => Inbox.open('postgres://u:p@h/d'), /here an inbox is kept in a file only; give a path such as inbox\.db/],
      [() => Receiver.listen({}, { address }), /^inbox: an object given, an Inbox .*\(import or require\) wanted/],
      [() => Receiver.listen(inbox, { address, secrets: undefined }), /is the variable that should hold it set\?/],
      [() => Inbox.open('x.db', { handlerTimeout: 1 }), /handlerTimeout: 1ms given/],
      [() => Receiver.create(inbox, {}), /publicUrl: not given, .* say publicUrl: "https:/],
      [() => Receiver.create(inbox, { limits: { maxBody: 0 } }), /receiver limits: maxBody and connections must/],
    ]) {
      assert.match((await failure(call)).message, said);
    }
    assert.throws(() => new ImageIntelligence({ webhooks: {} }), /^ConfigError: webhooks: an object given, a Receiver/);
  });
});

/** Lets go of a delivery as `await using` does. */
const using = (delivery) => delivery[Symbol.asyncDispose]();

async function inboxNext(inbox, receiver, id) {
  await postEvent(receiver.publicUrl, eventOf(id));
  return inbox.next();
}

it('an event that comes to a call as it is aborted has cost no attempt', async () => {
  const { inbox, path, clean } = await inboxOf();
  const receiver = await Receiver.listen(inbox, { address, secrets: WEBHOOK_SECRET });
  const controller = new AbortController();
  const next = inbox.next({ signal: controller.signal });
  const body = eventOf('ann');
  const program = `
    import { Inbox } from 'image-intelligence';
    const headers = { 'x-niro-signature': ${JSON.stringify(sign(body))} };
    const url = ${JSON.stringify(receiver.publicUrl)} + '/events';
    const { status } = await fetch(url, { method: 'POST', body: ${JSON.stringify(body)}, headers });
    const looking = await Inbox.open(${JSON.stringify(path)}, { existing: true });
    while ((await looking.list({ state: 'leased' })).length === 0);
    await looking.close();
    console.log(status);`;
  // Our own loop stands still meanwhile.
  const ran = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: installed,
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.deepEqual([ran.stdout, ran.stderr], ['200\n', '']);
  controller.abort();
  assert.equal((await failure(next)).kind, 'cancelled');
  const delivery = await inbox.next();
  assert.equal(delivery.attempt, 1);
  await delivery.ack();
  await receiver.close();
  await clean();
});

it('a receiver that nobody holds goes on listening', async () => {
  const { inbox, clean } = await inboxOf();
  const listen = async () => (await Receiver.listen(inbox, { address, secrets: WEBHOOK_SECRET })).publicUrl;
  const publicUrl = await listen();
  for (let times = 0; times < 5; times += 1) {
    globalThis.gc();
    await turn();
  }
  assert.equal((await postEvent(publicUrl, eventOf('ann'))).status, 200);
  await clean();
});

it('a closed inbox ends its loops, and has everything when it is opened again', async () => {
  const { inbox, path, clean } = await inboxOf();
  const receiver = await Receiver.listen(inbox, { address, secrets: [WEBHOOK_SECRET] });
  await postEvent(receiver.publicUrl, eventOf('ann'));
  const seen = [];
  for await (const delivery of inbox) {
    seen.push(delivery.event.event.identity.id);
    await delivery.ack();
    await postEvent(receiver.publicUrl, eventOf('bob'));
    receiver.close();
  }
  await receiver.close();
  assert.deepEqual(seen, ['ann']);
  const again = await Inbox.open(path);
  const delivery = await again.next();
  assert.equal(delivery.event.event.identity.id, 'bob');
  await delivery.ack();
  await again.close();
  await clean();
});

it('jobs bring their own callback URLs, waits are told, and an inbox hands out what it is to', async () => {
  const server = await jobServer({ done: false });
  const { inbox, clean } = await inboxOf();
  const receiver = await Receiver.listen(inbox, { address });
  const client = server.client({ webhooks: receiver });
  try {
    const handle = await client.detect({ images: urls(1), classes: ['person'] });
    const quiet = await client.detect({ images: urls(1), classes: ['person'], deliver: false });
    const waits = [handle, quiet].map((job) => job.wait({ timeout: 30_000 }));
    for (const job of server.jobs) {
      job.done = true;
      assert.ok(job.sent.webhookUrl.startsWith(`${receiver.publicUrl}/cb/`));
      const body = { id: job.id, status: 'COMPLETED_SUCCESSFULLY', jobResults: [], imageResults: [] };
      // Forged in part: the handler sees what the API has.
      assert.equal((await post(job.sent.webhookUrl, JSON.stringify(body))).status, 200);
    }
    assert.deepEqual(
      (await Promise.all(waits)).map(({ id }) => id),
      ['job-0', 'job-1'],
    );
    // What was not asked for as ours says where it is called, and no more.
    const shown = [await client.detectJobs.get('job-0'), ...(await client.detectJobs.search())];
    assert.deepEqual(
      shown.map(({ webhookUrl }) => webhookUrl),
      Array(3).fill(`${receiver.publicUrl}/cb/[secret]`),
    );
    const delivery = await inbox.next();
    assert.deepEqual([delivery.kind, delivery.jobId, delivery.rid], ['detect', 'job-0', delivery.idempotencyKey]);
    assert.equal(delivery.event.job.imageResults[0].objects[0].class, 'person');
    await delivery.ack();
    const { events, jobs } = await inbox.counts();
    assert.deepEqual([events.ready + events.leased, jobs.completed], [0, 2]);
    assert.equal((await post(`${receiver.publicUrl}/cb/guessed`, '{}')).status, 404);
  } finally {
    client.close();
    await receiver.close();
    await clean();
    await server.close();
  }
});

it('keeps no process alive from which nothing is awaited', async () => {
  const { path, inbox, clean } = await inboxOf();
  await inbox.close();
  const program = `
    import { Inbox, Receiver } from 'image-intelligence';
    const inbox = await Inbox.open(${JSON.stringify(path)});
    await Receiver.listen(inbox, { address: '127.0.0.1:0' });
    console.log('listens');`;
  const ran = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: installed,
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.deepEqual([ran.status, ran.stdout, ran.stderr], [0, 'listens\n', '']);
  await clean();
});
