// Webhooks behind real servers: Express, Hono, and Node's own http.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request as open } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { CallbackKeys, fetchWebhookHandler, Receiver, webhookHandler } from 'image-intelligence';
import { dev, eventOf, inboxOf, post, sign, WEBHOOK_SECRET } from './support/inboxes.mjs';

const publicUrl = 'https://hooks.example.com/ii';
const keys = new CallbackKeys({ 1: Uint8Array.from({ length: 32 }, (_, at) => at) });
const token = () =>
  keys.mint({ kind: 'match', expires: new Date(Date.now() + 60_000), rid: '00'.repeat(16), base: publicUrl });
const JOB = JSON.stringify({ id: '1', jobResults: {}, imageResults: [], status: 'COMPLETED_SUCCESSFULLY' });

const { default: express } = await dev('express');
const { Hono } = await dev('hono');
const { getRequestListener } = await dev('@hono/node-server');

/** Each server, with a handler at /ii; `parsing` reads bodies before it. */
const SERVERS = {
  Express: (made, parsing) => {
    const app = express();
    if (parsing) app.use(express.json());
    app.use('/ii', made(webhookHandler));
    app.use((error, _request, response, _next) => response.status(500).send(error.message));
    return app;
  },
  Hono: (made, parsing) => {
    const app = new Hono();
    if (parsing) {
      app.use(async (context, next) => {
        await context.req.raw.text();
        await next();
      });
    }
    const handler = made(fetchWebhookHandler);
    app.all('/ii/*', (context) => handler(context.req.raw));
    app.onError((error, context) => context.text(error.message, 500));
    return getRequestListener(app.fetch);
  },
  "Node's own": (made) => made(webhookHandler),
};

async function listening(app) {
  const server = createServer(app);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    base: `http://127.0.0.1:${server.address().port}/ii`,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Sends the head of a request and some of its body, and gives the status that comes. */
async function begun(url, headers, some = '') {
  const sent = open(url, { method: 'POST', headers });
  sent.on('error', () => undefined);
  sent.flushHeaders();
  if (some) sent.write(some);
  const [response] = await once(sent, 'response');
  sent.destroy();
  return response.statusCode;
}

for (const [name, serverOf] of Object.entries(SERVERS)) {
  describe(`${name}: a receiver`, () => {
    let inbox;
    let clean;
    let receiver;
    let server;
    before(async () => {
      ({ inbox, clean } = await inboxOf());
      const limits = { maxBody: 100_000, bodyTimeout: 300 };
      receiver = await Receiver.create(inbox, { publicUrl, secrets: WEBHOOK_SECRET, acceptForeign: true, limits });
      server = await listening(serverOf((handler) => handler(receiver)));
    });
    after(async () => {
      await server.stop();
      await receiver.close();
      await clean();
    });

    it('puts what comes into its inbox', async () => {
      const body = eventOf(`ann ${'ü'.repeat(30_000)}`);
      assert.deepEqual(await post(`${server.base}/events`, body, { 'x-niro-signature': sign(body) }), {
        status: 200,
        text: 'ok',
      });
      const delivery = await inbox.next();
      assert.equal(Buffer.from(delivery.raw).toString(), body);
      assert.equal(delivery.signed, true);
      await delivery.ack();
    });

    it('turns away what is not ours, before its body is there', async () => {
      assert.equal(await begun(`${server.base}/cb/${token()}`, { 'content-length': 1000 }), 404);
      assert.equal(await begun(`${server.base}/jobs`, { 'content-length': 100_001 }), 413);
      assert.equal(await begun(`${server.base}/jobs`, { 'content-encoding': 'gzip' }), 415);
    });

    it('turns away a body that is too large, late, or not signed', async () => {
      assert.equal(await begun(`${server.base}/jobs`, {}, 'x'.repeat(100_001)), 413);
      assert.equal(await begun(`${server.base}/jobs`, { 'content-length': 10 }, '{'), 408);
      const { status } = await post(`${server.base}/events`, eventOf('bob'), { 'x-niro-signature': sign('another') });
      assert.equal(status, 401);
      assert.equal((await fetch(`${server.base}/jobs`)).status, 405);
      assert.equal((await inbox.counts()).events.ready, 0);
    });
  });

  describe(`${name}: a function`, () => {
    const seen = [];
    const handle = async (event) => {
      if (event.event?.identity.id === 'trouble') throw new Error('the handler failed');
      seen.push(event);
    };
    let jobs;
    let events;
    before(async () => {
      jobs = await listening(serverOf((handler) => handler({ keys, publicUrl }, handle)));
      events = await listening(serverOf((handler) => handler({ secret: WEBHOOK_SECRET }, handle)));
    });
    after(() => Promise.all([jobs.stop(), events.stop()]));

    it('is handed a job that came by its own URL', async () => {
      assert.deepEqual(await post(`${jobs.base}/cb/${token()}?x=/y`, JOB), { status: 200, text: 'ok' });
      const [{ kind, job }] = seen.splice(0);
      assert.deepEqual([kind, job.id], ['match', '1']);
    });

    it('is handed an event that is signed', async () => {
      const body = eventOf('ann');
      assert.equal((await post(events.base, body, { 'x-ii-signature': sign(body) })).status, 200);
      assert.equal(seen.splice(0)[0].event.identity.id, 'ann');
    });

    it('sees nothing else', async () => {
      const url = `${jobs.base}/cb/${token()}`;
      assert.equal(await begun(`${jobs.base}/cb/guessed`, { 'content-length': 1000 }), 404);
      assert.equal(await begun(url, { 'content-length': 5 << 20 }), 413);
      assert.equal(await begun(url, { 'content-encoding': 'br' }), 415);
      assert.equal((await fetch(url)).status, 405);
      assert.equal((await post(url, '[]')).status, 400);
      assert.equal((await post(events.base, eventOf('bob'), { 'x-niro-signature': sign('another') })).status, 401);
      assert.deepEqual(seen, []);
    });
  });
}

for (const name of ['Express', 'Hono']) {
  it(`${name}: a body that was read before is named as the mistake, and what a function throws is passed on`, async () => {
    const handle = () => {
      throw new Error('the handler failed');
    };
    const parsing = await listening(SERVERS[name]((handler) => handler({ keys, publicUrl }, handle), true));
    const plain = await listening(SERVERS[name]((handler) => handler({ keys, publicUrl }, handle)));
    try {
      const { status, text } = await post(`${parsing.base}/cb/${token()}`, JOB);
      assert.equal(status, 500);
      assert.match(text, /^body: it was read before it got here, .*express\.json\(\)/);
      // Who has no token is told nothing.
      assert.equal((await post(`${parsing.base}/cb/guessed`, JOB)).status, 404);
      const failed = await post(`${plain.base}/cb/${token()}`, JOB);
      assert.deepEqual(failed, { status: 500, text: 'the handler failed' });
    } finally {
      await Promise.all([parsing.stop(), plain.stop()]);
    }
  });
}

it('Express: what express.raw() has read is taken as it is', async () => {
  const seen = [];
  const app = express();
  app.use(express.raw({ type: () => true }));
  app.use(
    '/ii',
    webhookHandler({ keys, publicUrl }, (event) => seen.push(event.kind)),
  );
  const server = await listening(app);
  assert.equal((await post(`${server.base}/cb/${token()}`, JOB)).status, 200);
  assert.deepEqual(seen, ['match']);
  await server.stop();
});

it('what is wrong with a handler is said when it is made', async () => {
  const { inbox, clean } = await inboxOf();
  const receiver = await Receiver.create(inbox, { publicUrl });
  for (const make of [webhookHandler, fetchWebhookHandler]) {
    const handle = () => undefined;
    assert.throws(() => make(receiver, handle), /^ConfigError: .*a receiver puts events into its inbox/);
    assert.throws(() => make({ keys, publicUrl }), /^ConfigError: onEvent: undefined given, a function wanted/);
    assert.throws(() => make({ keys }, handle), /^ConfigError: publicUrl: undefined given/);
    assert.throws(() => make({ keys, publicUrl: 'hooks' }, handle), { kind: 'config' });
    assert.throws(() => make({}, handle), /^ConfigError: .*a Receiver, \{ keys, publicUrl \} or \{ secret \} wanted/);
    assert.throws(() => make({ secret: undefined }, handle), /is the variable that should hold it set\?/);
  }
  await receiver.close();
  await clean();
});
