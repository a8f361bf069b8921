import { LRUCache } from 'lru-cache';
import type { KnownHeaders } from '../server/core/ports.ts';
import type { JsonObject } from '../server/core/strict-json.ts';

/** Most headers that are kept, and most characters of them: those of some 2,000 clients with chains, or 10,000 with keys. */
const HEADERS_KEPT = 10_000;
const CHARACTERS_KEPT = 8 * 1024 * 1024;

/**
 * Keeps headers by their exact text. What is made of a kept header, such as its chain and the digest of that, can be kept with it,
 * because it is the same object each time.
 */
export function createKnownHeaders(): KnownHeaders {
  const kept = new LRUCache<string, JsonObject>({
    max: HEADERS_KEPT,
    maxSize: CHARACTERS_KEPT,
    sizeCalculation: (_, text) => text.length,
  });
  return {
    find: (text) => kept.get(text),
    keep(text, header) {
      if (kept.peek(text) !== header) kept.set(copy(text), header);
    },
  };
}

/** A part of a string keeps the whole alive: here a whole request. */
function copy(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
