// A reader without any tolerance, made from the package's own types: what it takes is what they say.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './surroundings.mjs';

const source = readFileSync(join(root, 'node', 'src', 'models.ts'), 'utf8').replaceAll(/\/\*\*[\s\S]*?\*\//g, '');
const interfaces = new Map();
for (const [, name, body] of source.matchAll(/export interface (\w+) \{([\s\S]*?)\n\}/g)) {
  const fields = [...body.matchAll(/^\s*(\w+)(\??): (.+);$/gm)];
  interfaces.set(name, new Map(fields.map(([, field, optional, type]) => [field, { optional: !!optional, type }])));
}
const strings = new Set([...source.matchAll(/export type (\w+) =/g)].map(([, name]) => name));
if (!interfaces.has('DetectJob') || !strings.has('JobStatus')) throw new Error('models.ts has no DetectJob');

/** The type of a model of the shared tables: `match_job` is a MatchJob, `identities` an Identity[]. */
export function typeOf(model) {
  const name = model.replaceAll(/(?:^|_)(\w)/g, (_, letter) => letter.toUpperCase());
  if (interfaces.has(name)) return name;
  const singular = [name.replace(/ies$/, 'y'), name.slice(0, -1)].find((one) => interfaces.has(one));
  if (!singular) throw new Error(`models.ts has no ${model}`);
  return `${singular}[]`;
}

/** The value as the type has it, without the fields that the type does not know. */
export function strictly(type, value, at = type) {
  if (type.endsWith('[]')) {
    if (!Array.isArray(value)) throw new Error(`${at}: no array`);
    return value.map((item, index) => strictly(type.slice(0, -2), item, `${at}[${index}]`));
  }
  const fields = interfaces.get(type);
  if (!fields) {
    const wanted = strings.has(type) ? 'string' : type;
    if (typeof value !== wanted) throw new Error(`${at}: ${typeof value}, and no ${type}`);
    return value;
  }
  if (typeof value !== 'object' || value === null) throw new Error(`${at}: no object`);
  const read = {};
  for (const [name, field] of fields) {
    if (value[name] !== undefined) read[name] = strictly(field.type, value[name], `${at}.${name}`);
    else if (!field.optional) throw new Error(`${at}.${name}: missing`);
  }
  return read;
}
