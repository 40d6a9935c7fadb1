// What callers may get wrong in a language without types: each error names the argument. The API's own rules are core's.

import { ConfigError, InvalidRequestError } from './errors.js';

type Refusal = new (message: string) => Error;

/** A value in words, short, and never its content: it may be secret. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return `${value}`;
  if (typeof value === 'number' || typeof value === 'boolean') return `${value}`;
  if (value instanceof Date && Number.isNaN(value.getTime())) return 'an invalid Date';
  if (typeof value !== 'object') return value === '' ? 'an empty string' : `a ${typeof value}`;
  if (Array.isArray(value)) return 'an array';
  if (typeof (value as PromiseLike<unknown>).then === 'function') return 'a promise (await it first)';
  const name = value.constructor?.name;
  return name && name !== 'Object' ? `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name}` : 'an object';
}

export function refuse(field: string, given: unknown, wanted: string, Class: Refusal = InvalidRequestError): never {
  throw new Class(`${field}: ${describe(given)} given, ${wanted} wanted`);
}

/** The options of a call: an object that has these keys and no others, or nothing. What is wrong with `unnamed` others say. */
export function options<T extends object>(
  given: T | undefined | null,
  call: string,
  known: readonly string[],
  Class: Refusal = InvalidRequestError,
  unnamed: readonly string[] = [],
): Partial<T> {
  if (given === undefined || given === null) return {};
  if (typeof given !== 'object' || Array.isArray(given)) refuse(call, given, `{ ${known.join(', ')} }`, Class);
  // It has no keys of its own, and would be passed over.
  if (given instanceof AbortSignal) throw new Class(`${call}: an AbortSignal given; pass { signal }`);
  for (const key of Object.keys(given)) {
    if (known.includes(key) || unnamed.includes(key)) continue;
    throw new Class(`${call}: there is no option "${key}"; it takes ${known.join(', ')}`);
  }
  return given;
}

/** A string, or nothing. */
export function text(value: unknown, field: string, Class: Refusal = InvalidRequestError): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') return refuse(field, value, 'a string', Class);
  // UTF-8 has no half of a character: what is sent would be another text than the caller's.
  if (!value.isWellFormed()) {
    throw new Class(`${field}: a string with a lone surrogate given, well-formed Unicode wanted`);
  }
  return value;
}

/** The path of a file that is kept here, or nothing. */
export function path(value: unknown, field: string): string | undefined {
  if (value === '') throw new ConfigError(`${field}: an empty path given; leave it out to keep none`);
  return text(value, field, ConfigError);
}

/** A string. */
export function needed(
  value: unknown,
  field: string,
  wanted = 'a string',
  Class: Refusal = InvalidRequestError,
): string {
  return text(value, field, Class) ?? refuse(field, value, wanted, Class);
}

/** A string with something in it. */
export function named(value: unknown, field: string, wanted: string): string {
  return text(value, field) || refuse(field, value, wanted);
}

/** An array of strings, or nothing. */
export function texts(value: unknown, field: string): string[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) return refuse(field, value, 'an array of strings');
  // Not `map`, which passes over holes.
  return Array.from(value, (item, index) => needed(item, `${field}[${index}]`));
}

/** A whole number, or nothing. JSON has no other that is not finite than `null`, which is another thing. */
export function integer(value: unknown, field: string, wanted = 'an integer'): number | undefined {
  if (value === undefined || value === null) return undefined;
  return Number.isInteger(value) ? (value as number) : refuse(field, value, wanted);
}

/** How many, or nothing: a 32-bit number. Which of them will do is core's to say. */
export function count(value: unknown, field: string, Class: Refusal = InvalidRequestError): number | undefined {
  if (value === undefined || value === null) return undefined;
  const good = Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xffff_ffff;
  return good ? (value as number) : refuse(field, value, 'a whole number from 1 up', Class);
}

/** A number above nothing, or nothing. */
export function rate(value: unknown, field: string, Class: Refusal = InvalidRequestError): number | undefined {
  if (value === undefined || value === null) return undefined;
  const good = typeof value === 'number' && Number.isFinite(value) && value > 0;
  return good ? (value as number) : refuse(field, value, 'a number above 0', Class);
}

/** A function, or nothing. */
export function callable<Given>(value: unknown, field: string): ((given: Given) => void) | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'function' ? (value as (given: Given) => void) : refuse(field, value, 'a function');
}

/** Before 1973 a number of milliseconds would be taken for one of seconds. */
const EARLIEST = 100_000_000_000;

/** A moment in milliseconds, or nothing. */
export function moment(value: unknown, field: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  const at = value instanceof Date ? value.getTime() : value;
  if (typeof at !== 'number' || !Number.isFinite(at)) return refuse(field, value, 'a Date or a number of milliseconds');
  if (value instanceof Date && at < EARLIEST) return refuse(field, value, 'a Date after 1973 (or leave it out)');
  return at;
}

/** A boolean, or nothing. */
export function flag(value: unknown, field: string, Class: Refusal = InvalidRequestError): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'boolean' ? value : refuse(field, value, 'true or false', Class);
}

/** The longest time there is here, in milliseconds: what a 32-bit number of seconds holds, some 136 years. */
const LONGEST = 4_294_967_295_000;

/** A time in milliseconds, or nothing. */
export function milliseconds(
  value: unknown,
  field: string,
  least: number,
  Class: Refusal = InvalidRequestError,
): number | undefined {
  if (value === undefined || value === null) return undefined;
  const wanted = `a number of milliseconds from ${least} up`;
  if (typeof value !== 'number' || Number.isNaN(value) || value < least) return refuse(field, value, wanted, Class);
  if (value > LONGEST) refuse(field, value, `${wanted} that ends some day`, Class);
  return value;
}

/** A signal to cancel by, or nothing. */
export function signal(value: unknown, field = 'signal'): AbortSignal | undefined {
  if (value === undefined || value === null) return undefined;
  const given = value as AbortSignal;
  if (typeof given.aborted !== 'boolean' || typeof given.addEventListener !== 'function') {
    const hint = 'signal' in (Object(value) as object) ? ' (pass controller.signal)' : '';
    refuse(field, value, `an AbortSignal${hint}`);
  }
  return given;
}
