// What a careful program writes today: a zod schema of the job, the signature by node:crypto, and a read of every field.

import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';

const box = z.object({ xMin: z.number(), yMin: z.number(), xMax: z.number(), yMax: z.number() });
const image = {
  id: z.string().optional(),
  url: z.string().optional(),
  proxyUrl: z.string().optional(),
  customId: z.string().optional(),
};
export const detectJob = z.object({
  id: z.string(),
  jobResults: z.array(
    z.object({
      class: z.string(),
      image: z.object({ ...image, confidence: z.number().optional() }).optional(),
      hitl: z.boolean().optional(),
    }),
  ),
  imageResults: z.array(
    z.object({
      ...image,
      status: z.string(),
      objects: z.array(
        z.object({
          class: z.string(),
          confidence: z.number(),
          verdict: z.boolean().optional(),
          boundingBox: box.optional(),
        }),
      ),
    }),
  ),
  createdAt: z.number().optional(),
  status: z.string(),
  customId: z.string().optional(),
  feedId: z.string().optional(),
  webhookUrl: z.string().optional(),
});

export function verifyAndParse(body, headers, secret) {
  const claimed = Buffer.from(headers['x-niro-signature'].slice('sha256='.length), 'hex');
  const ours = createHmac('sha256', secret).update(body).digest();
  if (claimed.length !== ours.length || !timingSafeEqual(claimed, ours)) throw new Error('signature');
  return detectJob.parse(JSON.parse(body.toString()));
}

/** Reads every field, and gives a number that depends on each. */
export function touch(job) {
  let sum = length(job.id) + length(job.status) + (job.createdAt ?? 0);
  sum += length(job.customId) + length(job.feedId) + length(job.webhookUrl);
  for (const result of job.jobResults) {
    sum += length(result.class) + (result.hitl ? 1 : 0);
    if (result.image) sum += touchImage(result.image) + (result.image.confidence ?? 0);
  }
  for (const result of job.imageResults) {
    sum += touchImage(result) + length(result.status);
    for (const { class: name, confidence, verdict, boundingBox } of result.objects) {
      sum += length(name) + confidence + (verdict ? 1 : 0);
      if (boundingBox) sum += boundingBox.xMin + boundingBox.yMin + boundingBox.xMax + boundingBox.yMax;
    }
  }
  return sum;
}

const touchImage = (image) => length(image.id) + length(image.url) + length(image.proxyUrl) + length(image.customId);

const length = (text) => (text === undefined ? 0 : text.length + text.charCodeAt(0));
