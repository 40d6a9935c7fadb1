// The shared case tables, and how they compare.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { root } from './surroundings.mjs';

const folder = join(root, 'tests', 'vectors');

export const casesOf = (name) => JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')).cases;

/** Runs every case of a table as a test of its own name. Fails on fields that it does not know. */
export function table(name, fields, run) {
  const { table: own, cases } = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'));
  describe(name, () => {
    it('is a table', () => {
      assert.equal(own, name);
      assert.ok(cases.length > 0, 'no case');
      const known = new Set(['name', ...fields]);
      for (const one of cases) {
        const odd = Object.keys(one).filter((field) => !known.has(field));
        assert.deepEqual(odd, [], `${one.name}: fields that this runner does not know`);
      }
    });
    for (const one of cases) it(one.name, () => run(one));
  });
}

/** The body of a case, in whichever of the four forms. */
export function bodyOf(one) {
  if ('json' in one) return Buffer.from(JSON.stringify(whole(one.json)));
  if ('text' in one) return Buffer.from(whole(one.text));
  if ('base64' in one) return Buffer.from(one.base64, 'base64');
  if ('file' in one) return readFileSync(join(folder, 'files', one.file));
  throw new Error(`${one.name}: no body`);
}

/** A value that may be abbreviated. */
export function whole(value) {
  if (Array.isArray(value)) return value.map(whole);
  if (typeof value !== 'object' || value === null) return value;
  if ('$repeat' in value) {
    const item = whole(value.$repeat);
    return typeof item === 'string' ? item.repeat(value.times) : Array.from({ length: value.times }, () => item);
  }
  if ('$concat' in value) return value.$concat.map(whole).join('');
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, whole(inner)]));
}

/** An error has the kind, and the words, that a case expects. */
export function assertRefused(error, expected) {
  assert.equal(error.kind, expected.kind, error.stack);
  if ('reason' in expected) assert.equal(error.reason, expected.reason);
  for (const words of expected.contains ?? []) {
    assert.ok(error.message.includes(words), `"${words}" is not in: ${error.message}`);
  }
  if (expected.message !== undefined) assert.equal(error.message, expected.message);
}

/** What core decided is what the case expects. Times compare to the microsecond. */
export function assertDecided(answer, one) {
  const { name: _, ...expected } = one;
  const { name: __, ...decided } = answer;
  assert.deepEqual(rounded(decided), rounded(expected));
}

function rounded(value, key = '') {
  if (Array.isArray(value)) return value.map((item) => rounded(item, key));
  if (typeof value === 'number') return key.endsWith('_ms') ? Math.round(value * 1000) / 1000 : value;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, rounded(inner, name)]));
}
