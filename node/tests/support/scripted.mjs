// A server that answers as a test says, and sees its connections close.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { ImageIntelligence } from 'image-intelligence';

export const SECRET = 'a-secret-that-nobody-may-see';
export const TOKEN = 'a-token-that-nobody-may-see';

/** A job as the API answers it. */
export const job = (fields = {}) => ({
  id: 'f9d73f87',
  jobResults: [],
  imageResults: [],
  createdAt: Date.now(),
  status: 'COMPLETED_SUCCESSFULLY',
  ...fields,
});

/**
 * Answers each request by `answer(request, response, body)`; what that gives is sent as JSON. Nothing given: the answer
 * is its own business. Tokens are given out here.
 */
export async function scripted(answer, { token } = {}) {
  const seen = { requests: 0, hungUp: 0, open: 0 };
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    if (request.url === '/v2/oauth/token') {
      const given = token ?? { status: 200, body: { accessToken: TOKEN, expiresAt: Date.now() + 86_400_000 } };
      return send(response, given.body, given.status);
    }
    seen.requests += 1;
    response.once('close', () => {
      if (!response.writableFinished) seen.hungUp += 1;
    });
    const given = await answer(request, response, Buffer.concat(chunks));
    if (given !== undefined) send(response, given);
  });
  server.on('connection', (socket) => {
    seen.open += 1;
    socket.once('close', () => {
      seen.open -= 1;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const baseUrl = `http://127.0.0.1:${server.address().port}/v2`;
  return {
    baseUrl,
    seen,
    client: (options = {}) => new ImageIntelligence({ baseUrl, clientId: 'me', clientSecret: SECRET, ...options }),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

export function send(response, body, status = 200, headers = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body));
}

/** What a promise, or a function that is called, fails with. */
export async function failure(of) {
  try {
    await (typeof of === 'function' ? of() : of);
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
}

/** A resume token of this client's API. */
export function tokenOf(client, more = {}) {
  const api = createHash('sha256').update(client.baseUrl).digest('hex').slice(0, 8);
  const { kind = 'detect', ...rest } = more;
  const fields = { v: 1, kind, ...rest, id: 'f9d73f87', rid: '00'.repeat(16), created: 1487648348000, api };
  return `ii1_${Buffer.from(JSON.stringify(fields)).toString('base64url')}`;
}
