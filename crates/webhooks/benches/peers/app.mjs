// A receiver as people write it today with Express, zod and better-sqlite3: it answers once the webhook is on the disk.
//   node app.mjs FILE: says where it listens, and serves until it is told to end.

import Database from 'better-sqlite3';
import express from 'express';
import { z } from 'zod';

const Job = z.looseObject({
  id: z.string(),
  status: z.string(),
  jobResults: z
    .array(
      z.looseObject({
        class: z.string(),
        image: z.looseObject({
          id: z.string(),
          url: z.string().optional(),
          proxyUrl: z.string().optional(),
          customId: z.string().nullish(),
          confidence: z.number().optional(),
        }),
        hitl: z.boolean().optional(),
      }),
    )
    .default([]),
  imageResults: z.array(z.looseObject({ id: z.string(), url: z.string().optional() })).default([]),
  createdAt: z.number().optional(),
  customId: z.string().nullish(),
});

const db = new Database(process.argv[2]);
db.pragma('journal_mode = WAL');
db.pragma('synchronous = FULL');
db.exec("CREATE TABLE event (id TEXT PRIMARY KEY, body TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'ready')");
const insert = db.prepare('INSERT INTO event (id, body) VALUES (?, ?) ON CONFLICT DO NOTHING');

const app = express();
app.use(express.json({ limit: '4mb' }));
app.post('/webhook', (request, response) => {
  const job = Job.parse(request.body);
  insert.run(job.id, JSON.stringify(job));
  response.send('ok');
});
const server = app.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/webhook`);
});
