// Look for people in every picture of a folder, however many there are.
//
//   ii serve     # in another terminal; then set the three variables that it prints
//   node folder.mjs cameras run.jsonl
//
// With a manifest it may be stopped and started again: no picture is sent twice.

import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { ImageIntelligence } from 'image-intelligence';

const [folder = new URL('../photos', import.meta.url).pathname, manifest] = process.argv.slice(2);

// Read as far as pictures are wanted.
async function* pictures() {
  for await (const { name } of await opendir(folder)) {
    if (/\.(jpe?g|png|webp)$/i.test(name)) yield { path: join(folder, name) };
  }
}

const client = new ImageIntelligence();
const run = client.detectAll(pictures(), {
  classes: ['person'],
  batchSize: 16,
  manifest,
  onProgress: ({ done, failed, inFlight }) => console.error(`${done} done, ${failed} failed, ${inFlight} in flight`),
});
for await (const item of run) {
  // As they come, each with what was passed in.
  const { path } = item.source;
  if (!item.ok) console.log(`${path}: ${item.error.message}`);
  else console.log(path, item.result.objects.map(({ confidence }) => confidence.toFixed(2)).join(' ') || '-');
}
