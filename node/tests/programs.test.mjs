// The programs that a person would write, against a real `ii serve`: the README's, the example's, and one of CommonJS.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, it } from 'node:test';
import * as ii from 'image-intelligence';
import { installed, need, root, run, serve } from './support/surroundings.mjs';

let server;
before(async () => {
  server = await serve();
});
after(() => server.stop());

const photo = (name) => join(root, 'examples', 'photos', name);

/** A program stands beside the installed package, and runs in the root of the repository. */
function program(name, source) {
  const path = join(installed, name);
  writeFileSync(path, source);
  return run([path], { env: server.env, cwd: root });
}

it("the README's program finds the person", async () => {
  const folder = need('II_README_DIR');
  const names = readdirSync(folder).filter((name) => /^node(-\d+)?\.m[jt]s$/.test(name));
  assert.equal(names.length, 2, `${names}`);
  // One leaves its inbox where it runs.
  const cwd = mkdtempSync(join(tmpdir(), 'ii-node-'));
  symlinkSync(join(root, 'examples'), join(cwd, 'examples'));
  for (const name of names) {
    cpSync(join(folder, name), join(installed, name));
    const { code, stdout, stderr } = await run([join(installed, name)], { env: server.env, cwd });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /astronaut\.jpg.* 0\.73$/m);
    assert.doesNotMatch(stdout, /rocket/);
  }
  rmSync(cwd, { recursive: true });
});

it('the example of a receiver is told of the person, and ends by Ctrl-C', { timeout: 60_000 }, async () => {
  const path = join(installed, 'receiver.mjs');
  cpSync(join(root, 'examples', 'node', 'receiver.mjs'), path);
  const folder = mkdtempSync(join(tmpdir(), 'ii-node-'));
  const broken = join(folder, 'no-picture.jpg');
  writeFileSync(broken, 'no picture');
  const pictures = [photo('astronaut.jpg'), broken];
  const ran = spawn(process.execPath, [path, join(folder, 'inbox.db'), ...pictures], {
    env: { ...process.env, ...server.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(ran, 'exit');
  try {
    const [out, err] = await Promise.all(
      [ran.stdout, ran.stderr].map((input) => once(createInterface({ input }), 'line')),
    );
    assert.match(out[0], /astronaut\.jpg 0\.73$/);
    assert.equal(err[0], `${broken}: INVALID_IMAGE_FORMAT_ERROR`);
    ran.kill('SIGINT');
    assert.deepEqual(await ended, [0, null]);
  } finally {
    ran.kill('SIGKILL');
  }
  rmSync(folder, { recursive: true });
});

it('the example finds the person, and names what could not be looked at', async () => {
  const path = join(installed, 'detect.mjs');
  cpSync(join(root, 'examples', 'node', 'detect.mjs'), path);
  const text = join(installed, 'no-picture.jpg');
  writeFileSync(text, 'no picture');
  const { code, stdout, stderr } = await run([path, photo('astronaut.jpg'), photo('rocket.jpg'), text], {
    env: server.env,
  });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^\S*astronaut\.jpg 0\.73\n$/);
  assert.match(stderr, /no-picture\.jpg: INVALID_IMAGE_FORMAT_ERROR/);
});

it('the example of a folder looks at every picture, and goes on from where it was', async () => {
  const path = join(installed, 'folder.mjs');
  cpSync(join(root, 'examples', 'node', 'folder.mjs'), path);
  const folder = mkdtempSync(join(tmpdir(), 'ii-node-'));
  for (const name of ['astronaut.jpg', 'rocket.jpg']) cpSync(photo(name), join(folder, name));
  writeFileSync(join(folder, 'no-picture.jpg'), 'no picture');
  writeFileSync(join(folder, 'notes.txt'), 'not looked at');
  const outputs = [];
  for (const _ of ['at first', 'again']) {
    const { code, stdout, stderr } = await run([path, folder, join(folder, 'run.jsonl')], { env: server.env });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^2 done, 1 failed, 0 in flight$/m);
    outputs.push(stdout.split('\n').sort());
  }
  const [first, again] = outputs;
  assert.equal(first.length, 4);
  assert.ok(first.includes(`${join(folder, 'astronaut.jpg')} 0.73`), `${first}`);
  assert.ok(first.includes(`${join(folder, 'rocket.jpg')} -`), `${first}`);
  assert.ok(
    first.some((line) => line.includes('no-picture.jpg: INVALID_IMAGE_FORMAT_ERROR')),
    `${first}`,
  );
  assert.deepEqual(again, first);
  rmSync(folder, { recursive: true });
});

it('the same by require, with bytes, exits by itself', async () => {
  const { code, stdout, stderr } = await program(
    'detect.cjs',
    `const { readFileSync } = require('node:fs');
     const { found, ImageIntelligence } = require('image-intelligence');
     async function main() {
       const client = new ImageIntelligence();
       const image = { data: readFileSync(${JSON.stringify(photo('astronaut.jpg'))}), customId: 'moon' };
       const job = await client.detect({ images: [image], classes: ['person'], boundingBoxes: true });
       const [hit] = found(await job.wait(), 'person');
       console.log(hit.image.customId, hit.confidence.toFixed(2), Object.keys(hit.boundingBox).join());
     }
     main();`,
  );
  assert.equal(code, 0, stderr);
  assert.equal(stdout, 'moon 0.73 xMin,yMin,xMax,yMax\n');
});

it('a job is taken up again in another process', async () => {
  const client = new ii.ImageIntelligence({ baseUrl: server.baseUrl, clientId: 'local', clientSecret: 'local' });
  const job = await client.detect({ images: [{ path: photo('chelsea.jpg') }], classes: ['cat'] });
  const { code, stdout, stderr } = await program(
    'resume.mjs',
    `import { classes, ImageIntelligence } from 'image-intelligence';
     const job = new ImageIntelligence().resume(${JSON.stringify(job.resumeToken)});
     console.log(classes(await job.wait()).join());`,
  );
  assert.equal(code, 0, stderr);
  assert.equal(stdout, 'cat\n');
  const [hit] = ii.found(await job.get(), 'cat');
  assert.equal(hit.image.input.source, photo('chelsea.jpg'));
  client.close();
});

it('an idle client lets the process end, and a wait does not', async () => {
  const idle = await program(
    'idle.mjs',
    `import { ImageIntelligence } from 'image-intelligence';
     const client = new ImageIntelligence();
     await client.detectJobs.get('nothing').catch((error) => console.log(error.kind));
     globalThis.kept = client;`,
  );
  assert.deepEqual([idle.code, idle.stdout], [0, 'not_found\n'], idle.stderr);
  const waiting = await program(
    'waiting.mjs',
    `import { ImageIntelligence } from 'image-intelligence';
     const client = new ImageIntelligence();
     const job = await client.detect({ images: [{ path: ${JSON.stringify(photo('coffee.jpg'))} }], classes: ['cup'] });
     job.wait().then((result) => console.log(result.status));`,
  );
  assert.deepEqual([waiting.code, waiting.stdout], [0, 'COMPLETED_SUCCESSFULLY\n'], waiting.stderr);
});

it('a run that is left lets the process end', async () => {
  const slow = await serve('--progression', 'never');
  const path = join(installed, 'left.mjs');
  writeFileSync(
    path,
    `import { ImageIntelligence } from 'image-intelligence';
     function* pictures() {
       for (;;) yield { path: ${JSON.stringify(photo('coffee.jpg'))} };
     }
     const client = new ImageIntelligence();
     const run = client.detectAll(pictures(), { classes: ['cup'], batchSize: 1, concurrency: 1, onProgress });
     function onProgress({ inFlight }) {
       if (inFlight > 0) run.return();
     }
     for await (const _ of run) console.log('a result');
     const jobs = client.track(run.inFlight);
     const next = jobs.next();
     await jobs.return();
     console.log(run.inFlight.length, (await next).done);
     globalThis.kept = [client, run, jobs];`,
  );
  const { code, stdout, stderr } = await run([path], { env: slow.env });
  await slow.stop();
  assert.deepEqual([code, stdout], [0, '1 true\n'], stderr);
});
