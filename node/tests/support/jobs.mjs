// A server of detect jobs, each of which is done when a test says so.

import { scripted, send } from './scripted.mjs';

/**
 * Each picture shows a person, but one named `cobwebs` could not be looked at. `jobs` has what was sent; a job is done at once
 * where `done` is true, and else when its own `done` is set.
 */
export async function jobServer({ done = true } = {}) {
  const jobs = [];
  const answer = (request, response, body) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    if (request.method === 'POST') {
      const job = { id: `job-${jobs.length}`, sent: JSON.parse(body), done, createdAt: Date.now() };
      jobs.push(job);
      return written(job, 'IN_PROGRESS');
    }
    // Without an id it is a search, and all are found.
    if (pathname === '/v2/detect') return jobs.map((job) => written(job));
    const job = jobs.find(({ id }) => pathname === `/v2/detect/${id}`);
    return job ? written(job) : send(response, {}, 404);
  };
  const server = await scripted(answer);
  return { ...server, jobs, sizes: () => jobs.map(({ sent }) => sent.images.length) };
}

function written({ id, sent, done, createdAt }, status = done ? 'COMPLETED_SUCCESSFULLY' : 'IN_PROGRESS') {
  const imageResults = sent.images.map(({ customId }) =>
    customId === 'cobwebs'
      ? { customId, status: 'SPIDERWEBS_ERROR', objects: [] }
      : { customId, status: 'COMPLETED_SUCCESSFULLY', objects: [{ class: 'person', confidence: 0.9 }] },
  );
  return {
    id,
    status,
    createdAt,
    customId: sent.customId,
    webhookUrl: sent.webhookUrl,
    jobResults: [],
    imageResults: imageResults.reverse(),
  };
}

/** URLs of pictures that nobody fetches. */
export const urls = (count) => Array.from({ length: count }, (_, index) => `https://e.com/${index}.jpg`);

/** Pictures without end, as a generator; `seen` counts what was pulled, and knows whether it was closed. */
export function endless() {
  const seen = { pulled: 0, closed: 0 };
  function* pictures() {
    try {
      for (;;) {
        seen.pulled += 1;
        yield `https://e.com/${seen.pulled - 1}.jpg`;
      }
    } finally {
      seen.closed += 1;
    }
  }
  return { pictures: pictures(), seen };
}

/** The same, each after a turn of the event loop. */
export function endlessLater() {
  const seen = { pulled: 0, closed: 0, atOnce: 0, most: 0 };
  const pictures = {
    [Symbol.asyncIterator]: () => pictures,
    async next() {
      seen.atOnce += 1;
      seen.most = Math.max(seen.most, seen.atOnce);
      await new Promise(setImmediate);
      seen.atOnce -= 1;
      seen.pulled += 1;
      return { done: false, value: `https://e.com/${seen.pulled - 1}.jpg` };
    },
    async return() {
      seen.closed += 1;
      return { done: true, value: undefined };
    },
  };
  return { pictures, seen };
}
