// The classes of a request as callers write them. JSON.stringify would drop what it cannot write, or make it null: so the
// types are looked at here. What a class may say is core's.

import * as check from './arguments.js';
import type { DetectClass, ExclusionZones } from './models.js';

const KEYS = ['class', 'verify', 'exclusionZones'];
const ZONE_KEYS = ['type', 'size', 'zones'];

export function classesOf(classes: unknown): DetectClass[] {
  if (!Array.isArray(classes)) check.refuse('classes', classes, 'an array such as ["person"]');
  // Not `map`, which passes over holes.
  return Array.from(classes, (item, index) => classOf(item, `classes[${index}]`));
}

function classOf(item: unknown, field: string): DetectClass {
  if (typeof item === 'string') return { class: check.needed(item, field) };
  if (typeof item !== 'object' || item === null || Array.isArray(item)) {
    check.refuse(field, item, 'a name or { class, verify, exclusionZones }');
  }
  const given = check.options(item as Record<string, unknown>, field, KEYS);
  return {
    class: check.needed(given.class, `${field}.class`),
    verify: check.text(given.verify, `${field}.verify`),
    exclusionZones: zonesOf(given.exclusionZones, `${field}.exclusionZones`),
  };
}

function zonesOf(value: unknown, field: string): ExclusionZones | undefined {
  if (value === undefined || value === null) return undefined;
  const { type, size, zones } = check.options(value as Record<string, unknown>, field, ZONE_KEYS);
  if (!Array.isArray(zones)) check.refuse(`${field}.zones`, zones, 'an array of rows such as [[0, 1]]');
  return {
    type: check.needed(type, `${field}.type`, '"GRID"') as ExclusionZones['type'],
    size: check.integer(size, `${field}.size`),
    zones: Array.from(zones, (row, y) => {
      if (!Array.isArray(row)) check.refuse(`${field}.zones[${y}]`, row, 'an array of 0 and 1');
      return Array.from(row, (cell, x) => cellOf(cell, `${field}.zones[${y}][${x}]`));
    }),
  };
}

function cellOf(value: unknown, field: string): number {
  return check.integer(value, field, '0 or 1') ?? check.refuse(field, value, '0 or 1');
}
