// Verify, validate and parse a webhook, every field read: ours beside node:crypto + JSON.parse + zod, in turns.

import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from '../scripts/platform.mjs';
import { touch, verifyAndParse } from './schema.mjs';

const { parseWebhook } = createRequire(join(root, 'packed/installed/'))('image-intelligence');
const secret = 'jknjknwefbhjghui289whuuh28y02y892y8f/S/zsefzgskjzdrbkg';
const small = readFileSync(join(root, '../tests/vectors/files/detect-webhook.json'));

/** The same job with 64 images, of two objects each. */
function large() {
  const job = JSON.parse(small.toString());
  const [first] = job.imageResults;
  job.imageResults = Array.from({ length: 64 }, (_, index) => ({
    ...first,
    id: first.id.slice(0, -2) + String(index).padStart(2, '0'),
    customId: `camera-7-${index}`,
    objects: [first.objects[0], { class: 'car', confidence: 0.5 + index / 1000, verdict: false }],
  }));
  return Buffer.from(JSON.stringify(job));
}

const ROUNDS = 40;

function compare(body) {
  const headers = {
    host: 'hooks.example.com',
    'content-type': 'application/json',
    'content-length': String(body.length),
    'user-agent': 'image-intelligence',
    accept: '*/*',
    'x-niro-signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
  };
  const contenders = [
    () => touch(parseWebhook(body, headers, { secret }).job),
    () => touch(verifyAndParse(body, headers, secret)),
  ];
  if (contenders[0]() !== contenders[1]()) throw new Error('the two do not read the same');
  const times = contenders.map(() => []);
  const turns = Math.ceil(2e6 / body.length);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, run] of contenders.entries()) {
      const began = process.hrtime.bigint();
      for (let turn = 0; turn < turns; turn += 1) run();
      // The first rounds warm up.
      if (round >= ROUNDS / 4) times[index].push(Number(process.hrtime.bigint() - began) / turns / 1000);
    }
  }
  return times.map((all) => all.sort((a, b) => a - b)[Math.floor(all.length / 2)]);
}

const figures = [small, large()].map((body) => ({ bytes: body.length, times: compare(body) }));
console.log(JSON.stringify(figures));
