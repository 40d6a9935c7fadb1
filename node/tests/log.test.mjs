// What the native side says, in the channel of diagnostics: what comes, what never does, and what it holds up.

import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { CallbackKeys, Receiver } from 'image-intelligence';
import { inboxOf, post, sign, WEBHOOK_SECRET } from './support/inboxes.mjs';
import { run, until } from './support/surroundings.mjs';

const CHANNEL = 'image-intelligence';
const publicUrl = 'https://hooks.example.com/ii';
const address = '127.0.0.1:0';
const keys = new CallbackKeys({ 1: new Uint8Array(32).fill(7) });
const forged = { 'x-niro-signature': `sha256=${'0'.repeat(64)}` };
const refusal = (reason, status = '401') => ({
  level: 'warn',
  target: 'webhooks.receiver.refusal',
  message: 'a webhook was turned away',
  fields: { status, reason },
});

/** Subscribes while `during` runs, with the messages so far. */
async function heard(during) {
  const messages = [];
  const hear = (message) => messages.push(message);
  subscribe(CHANNEL, hear);
  try {
    await during(messages);
  } finally {
    unsubscribe(CHANNEL, hear);
  }
}

describe('the channel', () => {
  let inbox;
  let clean;
  let receiver;
  let base;
  const listen = () => Receiver.listen(inbox, { publicUrl, address, secrets: WEBHOOK_SECRET });
  before(async () => {
    ({ inbox, clean } = await inboxOf({ callbackKeys: keys }));
    receiver = await listen();
    base = `http://${receiver.address}/ii`;
  });
  after(async () => {
    await receiver.close();
    await clean();
  });

  it('says why a webhook was turned away, and nothing secret', async () => {
    const token = keys.mint({ kind: 'detect', expires: new Date(0), rid: 'ab'.repeat(16), base: publicUrl });
    await heard(async (messages) => {
      // Of what matters less nothing is taken, as there was no subscriber when the receiver was opened.
      assert.equal((await post(`${base}/elsewhere`, '{}')).status, 404);
      assert.equal((await post(`${base}/events`, '{"seen": "only here"}', forged)).status, 401);
      assert.equal((await post(`${base}/cb/${token}`, '{}')).status, 404);
      await until(() => messages.length >= 2, 'two messages');
      assert.deepEqual(messages, [refusal('signature_mismatch'), refusal('token_expired', '404')]);
      const shown = JSON.stringify(messages);
      for (const secret of [WEBHOOK_SECRET, token, 'only here', sign('{}'), forged['x-niro-signature']]) {
        assert.ok(!shown.includes(secret));
      }
    });
  });

  it('has more for whoever subscribes before something is opened', async () => {
    await heard(async (messages) => {
      const another = await listen();
      assert.equal((await post(`http://${another.address}/ii/elsewhere`, '{}')).status, 404);
      await until(() => messages.some(({ level }) => level === 'debug'), 'a message that matters less');
      const [told] = messages.filter(({ level }) => level === 'debug');
      assert.deepEqual([told.message, told.fields.reason], ['a request was turned away', 'no_route']);
    });
  });

  it('holds up no webhook, whatever a subscriber does; what does not fit is counted', async () => {
    const count = 2500;
    const shared = new Int32Array(new SharedArrayBuffer(8));
    const sender = new Worker(
      `const { workerData: { base, count, shared, forged } } = require('node:worker_threads');
      const { Agent, request } = require('node:http');
      const agent = new Agent({ keepAlive: true, maxSockets: 8 });
      let next = 0;
      const post = () => new Promise((resolve) => {
        const headers = { ...forged, 'content-length': 2 };
        const sent = request(base + '/events', { method: 'POST', agent, headers }, (response) =>
          response.resume().on('end', () => resolve(response.statusCode)));
        sent.on('error', () => resolve(0)).end('{}');
      });
      const some = async () => { while (next++ < count) if (await post() === 401) Atomics.add(shared, 0, 1); };
      Promise.all(Array.from({ length: 8 }, some)).then(() => {
        Atomics.store(shared, 1, 1);
        Atomics.notify(shared, 1);
        agent.destroy();
      });`,
      { eval: true, workerData: { base, count, shared, forged } },
    );
    const ended = once(sender, 'exit');
    await heard(async (messages) => {
      // JavaScript stands still from the first message on, until each webhook is answered.
      let waited;
      const block = () => (waited ??= Atomics.wait(shared, 1, 0, 60_000));
      subscribe(CHANNEL, block);
      const told = () =>
        messages.reduce((sum, { message, fields }) => {
          const dropped = /^(\d+) records were dropped$/.exec(message);
          return sum + (dropped ? Number(dropped[1]) : fields.reason === 'signature_mismatch' ? 1 : 0);
        }, 0);
      await until(() => told() === count, 'every record, told or counted', 60_000);
      unsubscribe(CHANNEL, block);
      assert.deepEqual([waited, shared[0]], ['ok', count]);
      assert.ok(messages.length < count);
    });
    await ended;
  });

  it('is there in a worker thread that opened something, and in both copies of the package once', async () => {
    const worker = new Worker(
      `const { parentPort } = require('node:worker_threads');
      const { subscribe } = require('node:diagnostics_channel');
      const { ImageIntelligence } = require('image-intelligence');
      subscribe('image-intelligence', (message) => parentPort.postMessage(message.fields));
      import('image-intelligence').then((other) => {
        for (const Client of [ImageIntelligence, other.ImageIntelligence]) new Client({ clientId: 'a', clientSecret: 'b' });
        parentPort.on('message', () => process.exit(3)).postMessage('opened');
      });`,
      { eval: true },
    );
    const came = [];
    worker.on('message', (message) => came.push(message));
    await until(() => came.length === 1, 'the worker has opened something');
    await heard(async (messages) => {
      for (const _ of [1, 2]) assert.equal((await post(`${base}/events`, '{}', forged)).status, 401);
      const mine = () => messages.filter(({ level }) => level === 'warn');
      await until(() => came.length >= 3 && mine().length === 2, 'two messages in each thread');
      const { fields } = refusal('signature_mismatch');
      assert.deepEqual(
        came.filter(({ reason }) => reason === fields.reason),
        [fields, fields],
      );
      const ended = once(worker, 'exit');
      worker.postMessage('end');
      assert.deepEqual(await ended, [3]);
      // The thread that is left still hears.
      assert.equal((await post(`${base}/events`, '{}', forged)).status, 401);
      await until(() => mine().length === 3, 'a message after the worker has ended');
    });
  });
});

it('a subscriber keeps no process alive', async () => {
  const program = `
    import { subscribe } from 'node:diagnostics_channel';
    import { ImageIntelligence } from 'image-intelligence';
    subscribe('image-intelligence', (message) => console.log(message));
    new ImageIntelligence({ clientId: 'a', clientSecret: 'b' });`;
  assert.deepEqual(await run(['--input-type=module', '--eval', program]), { code: 0, stdout: '', stderr: '' });
});
