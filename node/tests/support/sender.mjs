// Posts webhooks over 32 connections, in a thread of its own.

import { Agent, request } from 'node:http';
import { workerData } from 'node:worker_threads';
import { eventOf, sign } from './inboxes.mjs';

const { base, count, shared } = workerData;
const CONNECTIONS = 32;
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });

function post(body) {
  const headers = { 'content-length': Buffer.byteLength(body), 'x-niro-signature': sign(body) };
  return new Promise((resolve) => {
    const sent = request(`${base}/events`, { method: 'POST', agent, headers }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    });
    sent.on('error', () => resolve(0));
    sent.end(body);
  });
}

let next = 0;
async function sendSome() {
  while (next < count) {
    const body = eventOf(`face-${next++}`);
    const began = performance.now();
    const status = await post(body);
    shared[2] = Math.max(shared[2], Math.ceil(performance.now() - began));
    shared[status === 200 ? 0 : 1] += 1;
  }
}

await Promise.all(Array.from({ length: CONNECTIONS }, sendSome));
Atomics.store(shared, 3, 1);
Atomics.notify(shared, 3);
agent.destroy();
