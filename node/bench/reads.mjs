// 64 reads of a job at once: ours, `fetch` + zod, and undici's Pool + zod, in turns, against the server at argv[2].

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Pool } from 'undici';
import { root } from '../scripts/platform.mjs';
import { detectJob, touch } from './schema.mjs';

const { ImageIntelligence } = createRequire(join(root, 'packed/installed/'))('image-intelligence');
const origin = process.argv[2];
const id = '5d689c71-e68f-46c3-ac71-4053806e71de';
const path = `/v2/detect/${id}`;
const AT_ONCE = 64;
const ROUNDS = 7;
const ROUND_MS = 1000;

const client = new ImageIntelligence({ baseUrl: `${origin}/v2`, clientId: 'bench', clientSecret: 'bench' });
const pool = new Pool(origin, { connections: AT_ONCE });
const headers = { authorization: 'Bearer a-token-for-a-bench', accept: 'application/json' };

const contenders = {
  ours: () => client.detectJobs.get(id),
  fetch: async () => detectJob.parse(await (await fetch(origin + path, { headers })).json()),
  pool: async () => {
    const { body } = await pool.request({ path, method: 'GET', headers });
    return detectJob.parse(await body.json());
  },
};

async function rate(read) {
  let done = 0;
  let read_ = 0;
  const began = performance.now();
  const reader = async () => {
    while (performance.now() - began < ROUND_MS) {
      read_ += touch(await read());
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, reader));
  if (!(read_ > 0)) throw new Error('nothing was read');
  return (done * 1000) / (performance.now() - began);
}

const rates = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
for (let round = 0; round < ROUNDS; round += 1) {
  for (const [name, read] of Object.entries(contenders)) {
    const measured = await rate(read);
    // The first round warms up.
    if (round > 0) rates[name].push(measured);
  }
}
client.close();
await pool.close();
const median = (all) => all.sort((a, b) => a - b)[Math.floor(all.length / 2)];
console.log(JSON.stringify(Object.fromEntries(Object.entries(rates).map(([name, all]) => [name, median(all)]))));
