// An inbox in a folder of its own, and whoever posts webhooks to it.

import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Inbox } from 'image-intelligence';
import { root } from './surroundings.mjs';

export const WEBHOOK_SECRET = 'whsec-that-nobody-may-see';

/** Opens an inbox; `clean` closes it and takes it away. */
export async function inboxOf(options = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'inbox-'));
  const path = join(folder, 'inbox.db');
  const inbox = await Inbox.open(path, { shutdownTimeout: 1000, ...options });
  return {
    inbox,
    path,
    async clean() {
      await inbox.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** The body of an event of a registered webhook. */
export const eventOf = (id) =>
  JSON.stringify({ event: 'IDENTITY_CREATED', createdAt: 1487648348000, identity: { id, images: [] } });

export const sign = (body) => `sha256=${createHmac('sha256', WEBHOOK_SECRET).update(body).digest('hex')}`;

/** Posts a body as the service would; gives the status and the text. */
export async function post(url, body, headers = {}) {
  const response = await fetch(url, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });
  return { status: response.status, text: await response.text() };
}

/** Posts a signed event. */
export const postEvent = (base, body) => post(`${base}/events`, body, { 'x-niro-signature': sign(body) });

/** A package that only these tests need. */
export function dev(name) {
  const found = createRequire(join(root, 'node', 'package.json')).resolve(name);
  return import(pathToFileURL(found));
}
