import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import { type Allowance, type Room, rooms } from './rooms.ts';

/** One import of a file, as it is written. */
type Import = { readonly from: string; readonly names: readonly string[]; readonly typesOnly: boolean };

/**
 * What in a file breaks the table of rooms, a sentence each. It reads text, not syntax: the formatter puts every import at the
 * start of a line, so that none can hide.
 * @param path from the top of the checkout, with slashes.
 */
export function offences(path: string, text: string): string[] {
  const room = roomOf(path);
  if (!room) return [`${path} stands in no room of the house`];
  return [...importOffences(path, text, room), ...(room.of === 'server/core/' ? worldOffences(path, text) : [])];
}

/** The room that holds a file. */
export function roomOf(path: string): Room | undefined {
  return rooms.find(({ of }) => isIn(path, of));
}

function isIn(path: string, place: string): boolean {
  return place.endsWith('/') ? path.startsWith(place) : path === place;
}

const STATIC = /^(?:import|export)\s(?<clause>[^'"`;]*?)\bfrom\s*['"](?<from>[^'"]+)['"]/gm;
const BARE = /^import\s*['"](?<from>[^'"]+)['"]/gm;
const CALL = /\bimport\(\s*(?:['"](?<from>[^'"]+)['"])?/g;

/** Every import of a text: statements, re-exports, `import()` and `import type`. A computed `import()` has an empty `from`. */
export function importsOf(text: string): Import[] {
  const found: Import[] = [];
  for (const { groups = {} } of text.matchAll(STATIC)) found.push({ from: groups.from ?? '', ...clause(groups.clause ?? '') });
  for (const pattern of [BARE, CALL]) {
    for (const { groups = {} } of text.matchAll(pattern)) found.push({ from: groups.from ?? '', names: ['*'], typesOnly: false });
  }
  return found;
}

/** Reads what stands between `import` and `from`: default and namespace imports count as every name. */
function clause(text: string): Pick<Import, 'names' | 'typesOnly'> {
  const braces = /\{(?<inside>[^}]*)\}/.exec(text);
  const inside = (braces?.groups?.inside ?? '').split(',').flatMap((name) => name.trim() || []);
  const outside = text.replace(/\{[^}]*\}/, '').replace(/^type\b/, '');
  const whole = /[\w*]/.test(outside);
  return {
    names: [...(whole ? ['*'] : []), ...inside.map((name) => name.replace(/^type\s+/, '').replace(/\s+as\s.*$/, ''))],
    typesOnly: /^type\b/.test(text) || (!whole && inside.length > 0 && inside.every((name) => /^type\s/.test(name))),
  };
}

function importOffences(path: string, text: string, room: Room): string[] {
  const found = importsOf(text).flatMap((one) => {
    if (one.from === '') return room.computed ? [] : [`${path} imports what is only known when it runs`];
    if (one.from.startsWith('.')) return fileOffence(path, one, room);
    if (isBuiltin(one.from)) return builtinOffence(path, one, room);
    return packageOffence(path, one, room);
  });
  return /\brequire\(|\bcreateRequire\b/.test(text) ? [...found, `${path} uses require`] : found;
}

function fileOffence(path: string, { from }: Import, room: Room): string[] {
  const target = posix.join(posix.dirname(path), from);
  const allowed = [room.of, ...room.imports].some((place) => isIn(target, place));
  return allowed && !room.never?.some((place) => isIn(target, place)) ? [] : [`${path} imports ${target}`];
}

function builtinOffence(path: string, { from, typesOnly }: Import, { builtins }: Room): string[] {
  if (!from.startsWith('node:')) return [`${path} imports ${from} without node:`];
  return builtins === undefined || (from === 'node:crypto' && typesOnly) ? [] : [`${path} imports ${from}`];
}

function packageOffence(path: string, { from, names }: Import, { packages = {} }: Room): string[] {
  const name = packageName(from);
  const allowance: Allowance | undefined = packages[name];
  if (!allowance || !path.includes(allowance.in ?? '')) return [`${path} imports the package ${name}`];
  const beyond = names.filter((imported) => allowance.only?.includes(imported) === false);
  return beyond.map((imported) => `${path} imports ${imported} of the package ${name}`);
}

/** `@scope/name/file` to `@scope/name`. */
export function packageName(from: string): string {
  return from.split('/', from.startsWith('@') ? 2 : 1).join('/');
}

/** The outside world that needs no import: clock, randomness, environment, network. */
const WORLD =
  /\bDate\.now\b|\bnew Date\b|\bDate\(|\bperformance\.|\bMath\.random\b|\bcrypto\.|\bprocess\.\w|\bfetch\(|\bset(?:Timeout|Interval|Immediate)\(/g;

function worldOffences(path: string, text: string): string[] {
  return [...text.matchAll(WORLD)].map(([word]) => `${path} reaches outside: ${word}`);
}
