// The pictures of a request as callers pass them.

import { fileURLToPath } from 'node:url';
import * as check from './arguments.js';
import { InvalidRequestError } from './errors.js';
import type { NativeImage } from './native.js';

/**
 * A picture: a URL that the service fetches, a file, or bytes. `customId` is your name for it, at most 64 characters,
 * which comes back with its result.
 */
export type Image =
  | string
  | URL
  | Uint8Array
  | { url: string | URL; customId?: string | undefined }
  | { path: string | URL; customId?: string | undefined }
  | { data: Uint8Array | ArrayBuffer; customId?: string | undefined };

/** Any number of pictures: an array, a Set, a generator, a stream. One string is refused, though it is an iterable of strings. */
export type Images<Source extends Image = Image> = (Iterable<Source> & object) | AsyncIterable<Source>;

const FORMS = 'a URL, { path }, a Uint8Array, or { url | path | data, customId }';

export function nativeImages(images: unknown): NativeImage[] {
  if (!Array.isArray(images)) check.refuse('images', images, 'an array');
  // Not `map`, which passes over holes.
  return Array.from(images, (image, index) => nativeImage(image, `images[${index}]`));
}

export function nativeImage(image: unknown, field: string): NativeImage {
  if (typeof image === 'string') return { url: check.needed(image, field) };
  if (image instanceof URL) return { url: image.href };
  if (image instanceof Uint8Array) return { data: image };
  const odd = typeof image !== 'object' || image === null || Array.isArray(image) || 'then' in image;
  if (odd) check.refuse(field, image, FORMS);
  const { url, path, data, customId } = check.options(image as Record<string, unknown>, field, [
    'url',
    'path',
    'data',
    'customId',
  ]);
  const named = { customId: check.text(customId, `${field}.customId`) };
  const sources = [url, path, data].filter((source) => source !== undefined && source !== null);
  if (sources.length !== 1) {
    throw new InvalidRequestError(`${field}: ${sources.length || 'none'} of url, path and data given, one wanted`);
  }
  if (url !== undefined && url !== null) {
    return { ...named, url: url instanceof URL ? url.href : check.needed(url, `${field}.url`) };
  }
  if (path !== undefined && path !== null) {
    return { ...named, path: path instanceof URL ? filePath(path, field) : check.needed(path, `${field}.path`) };
  }
  if (data instanceof Uint8Array) return { ...named, data };
  if (data instanceof ArrayBuffer) return { ...named, data: new Uint8Array(data) };
  return check.refuse(`${field}.data`, data, 'a Uint8Array or an ArrayBuffer');
}

function filePath(url: URL, field: string): string {
  try {
    return fileURLToPath(url);
  } catch (cause) {
    throw new InvalidRequestError(`${field}.path: ${url} is not the URL of a file`, { cause });
  }
}
