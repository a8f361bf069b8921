import { type Chance, pick } from './chance.ts';
import { mutate } from './mutate.ts';

/** Values that readers trip over: of every kind, at the ends of their ranges, and texts that mean something elsewhere. */
const TELLING: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1.5, 1e308, 2 ** 31, 2 ** 53, -(2 ** 63)],
  ...['', ' ', '\0', '\u202e', '\ud800', '0', '-1', 'null', '__proto__', '../../etc/passwd', "' OR 1=1 --", '<b>', '\r\nX: y'],
  ...[[], {}, [[]], [null], { a: 1 }, [1, 2, 3]],
];

/** Once in so many the text says something else altogether. */
const WHOLE = 20;

/** Lengths of texts at which limits lie. */
const LENGTHS = [255, 256, 1_000, 4_096];

/**
 * One to three changes to a JSON text: a value exchanged, left out, wrapped or lengthened, a member renamed or written twice; now and then
 * octets of the text itself, so that it is no JSON any more.
 */
export function mutateJson(text: string, next: Chance): string {
  if (next(6) === 0) return mutate(Buffer.from(text), next).toString();
  let value: unknown = JSON.parse(text);
  for (let changes = 1 + next(3); changes > 0; changes--) value = changed(value, next, WHOLE);
  const written = JSON.stringify(value) ?? 'null';
  // Last, because no value of the language holds a name twice.
  return next(10) === 0 && written.startsWith('{"') ? `{${written.slice(1, -1)},${written.slice(1)}` : written;
}

/** @param whole once in so many it is the value as a whole that is changed, not something in it. */
function changed(value: unknown, next: Chance, whole = 3): unknown {
  if (next(whole) === 0 || typeof value !== 'object' || value === null) return replaced(value, next);
  if (Array.isArray(value)) {
    if (value.length === 0) return replaced(value, next);
    const place = next(value.length);
    return pick(
      [() => value.toSpliced(place, 1, changed(value[place], next)), () => value.toSpliced(place, 1), () => [...value, ...value]],
      next,
    )();
  }
  const members = Object.entries(value);
  if (members.length === 0) return { x: pick(TELLING, next) };
  const place = next(members.length);
  const [name, inner] = members[place] ?? ['', undefined];
  const kind = next(6);
  if (kind === 0) return Object.fromEntries(members.toSpliced(place, 1));
  if (kind === 1)
    return Object.fromEntries(members.toSpliced(place, 1, [pick(['', 'X', `${name} `, name.toUpperCase()], next), inner]));
  if (kind === 2) return { ...value, [pick(['x', 'id', 'constructor', 'crit', 'b64', 'jku', 'jwk'], next)]: pick(TELLING, next) };
  return Object.fromEntries(members.toSpliced(place, 1, [name, changed(inner, next)]));
}

function replaced(value: unknown, next: Chance): unknown {
  const kind = next(5);
  if (kind === 0) return [value];
  if (kind === 1) return { x: value };
  if (kind === 2 && typeof value === 'number') return value + pick([-1, 1, 121, -121, 86_400, 0.5], next);
  if (kind === 2 && typeof value === 'string') return value.repeat(2);
  if (kind === 3) return 'å'.repeat(pick(LENGTHS, next));
  return pick(TELLING, next);
}
