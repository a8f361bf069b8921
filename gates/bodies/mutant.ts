import { type Chance, pick } from '../chance.ts';
import { mutateJson } from '../mutate-json.ts';
import type { Sample } from './samples.ts';

/** A changed body, where it goes, and what goes along. */
export type Mutant = {
  readonly path: string;
  readonly isForeign: boolean;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
};

/** Once in so many it goes to what is somebody else's. */
const FOREIGN = 4;

/** What is sent again with one of so few keys meets what was answered first. */
const KEYS = 40;

const WILD_HEADERS = ['', '*', '"', '"x", *', 'W/"x"', 'x'.repeat(256), '\u00e5', '%00', ',,,'];

/** @param method also says which headers mean something. */
export function mutantOf(method: string, { own, foreign, body }: Sample, chance: { next: Chance; number: number }): Mutant {
  const { next, number } = chance;
  const isForeign = foreign !== undefined && next(FOREIGN) === 0;
  const address = isForeign ? foreign : own;
  const dry =
    next(2) === 0 ? `${address.includes('?') ? '&' : '?'}dry_run=${pick(['true', 'true', 'true', 'false', 'x'], next)}` : '';
  const text = JSON.stringify(body(number));
  return { path: address + dry, isForeign, body: changed(text, next), headers: headersOf(method, next) };
}

function headersOf(method: string, next: Chance): Record<string, string> {
  const wild = next(12) === 0 ? pick(WILD_HEADERS, next) : undefined;
  if (method === 'POST') return next(3) === 0 ? { 'Idempotency-Key': wild ?? `key-${next(KEYS)}` } : {};
  return next(8) === 0 ? {} : { 'If-Match': wild ?? '*' };
}

/** One in sixteen stays as it is: what others made of it meanwhile is what it meets. */
function changed(text: string, next: Chance): Buffer {
  const kind = next(16);
  if (kind === 0) return Buffer.from(text);
  if (kind === 1) return pick(MISSHAPEN, next)(text);
  return Buffer.from(mutateJson(text, next));
}

/** What no change of one value comes to: other encodings, depth, width, length, and text that ends too early or too late. */
const MISSHAPEN: readonly ((text: string) => Buffer)[] = [
  () => Buffer.alloc(0),
  (text) => Buffer.from(text.slice(0, text.length / 2)),
  (text) => Buffer.from(text + text),
  (text) => Buffer.from(`\ufeff${text}`),
  (text) => Buffer.from(text, 'utf16le'),
  (text) => Buffer.concat([Buffer.from(text.slice(0, -1)), Buffer.from([0xc3, 0x28, 0xff]), Buffer.from('}')]),
  (text) => Buffer.from(text.replaceAll('"', "'")),
  (text) => Buffer.from(`${' '.repeat(20_000)}${text}`),
  () => Buffer.from(`${'['.repeat(20_000)}${']'.repeat(20_000)}`),
  () => Buffer.from('{"a":'.repeat(5_000) + 1 + '}'.repeat(5_000)),
  () => Buffer.from(`[${'0,'.repeat(20_000)}0]`),
  () => Buffer.from(`{${Array.from({ length: 2_000 }, (_, n) => `"m${n}":0`).join()}}`),
  () => Buffer.from(`{"scopes":[${'"prove:kart.read",'.repeat(1_023)}"x"]}`),
  () => Buffer.from('{"exp":1e999,"at_max_age":-0,"access_token_lifetime":123456789012345678901234567890}'),
  (text) => Buffer.from(text.replace('{', '{"__proto__":{"active":false},"constructor":{"prototype":{}},')),
  (text) => Buffer.from(text.replace(/"([^"]{2,})":/, '"$1\\u0000":')),
  (text) => Buffer.from(text.replace('{', `{"${'n'.repeat(60_000)}":`)),
  (text) => Buffer.from(text.replace('{', `{"description":"${'\\u0301'.repeat(10_000)}",`)),
];
