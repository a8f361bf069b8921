import { Fault } from './fault.ts';

/** A value of JSON as it is read from hostile input: objects have no prototype and are never merged into others. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export type JsonObject = { readonly [member: string]: JsonValue };

/** Bounds that hold while reading, not after. `PV-SEC-005` */
export type JsonLimits = {
  readonly depth: number;
  readonly members: number;
  readonly items: number;
  /** UTF-16 units of one string; `longStrings` names members of the outermost object whose strings may be longer. */
  readonly string: number;
  readonly longStrings?: { readonly member: string; readonly string: number };
};

/** The bounds on an assertion's header and payload; the strings of `x5c` hold a certificate of 8 KiB each. */
export const ASSERTION_LIMITS: JsonLimits = {
  depth: 8,
  members: 64,
  items: 64,
  string: 8192,
  longStrings: { member: 'x5c', string: 24576 },
};

/** Members that could reach an object's prototype in careless code. `PV-SEC-006` */
const FORBIDDEN_MEMBERS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Reads one JSON object and nothing else (RFC 8259), refusing what readers disagree about: a member that occurs twice at any
 * depth, ill-formed UTF-8, a byte order mark, lone surrogates, and what exceeds the limits. `PV-SEC-003` to `PV-SEC-006`
 * @throws {Fault} MP-011
 */
export function parseStrictObject(bytes: Uint8Array, limits: JsonLimits): JsonObject {
  const reader = new Reader(decodeUtf8(bytes), limits);
  const value = reader.document();
  if (!isObject(value)) throw unreadable('the outermost value is not an object');
  return value;
}

/** Whether the value is a JSON object, and no array. */
export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Decodes canonical base64url: only its alphabet, no padding, no white space, unused bits zero. RFC 7515 §2, `PV-SEC-002`
 * @returns undefined for anything else.
 */
export function decodeBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  // Node reads more than that, and writes nothing else.
  return bytes.length > 0 && bytes.toString('base64url') === text ? bytes : undefined;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new Fault('MP-011', { detail: 'not UTF-8', cause });
  }
}

function unreadable(detail: string): Fault {
  return new Fault('MP-011', { detail: `JSON: ${detail}` });
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const SPACE: ReadonlySet<number> = new Set([0x20, 0x09, 0x0d, 0x0a]);
const ESCAPES: Readonly<Record<string, string>> = { '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

/** A recursive-descent reader over the text; its recursion is bounded by the depth limit. */
class Reader {
  readonly #text: string;
  readonly #limits: JsonLimits;
  #at = 0;
  #depth = 0;
  #longest: number;

  constructor(text: string, limits: JsonLimits) {
    this.#text = text;
    this.#limits = limits;
    this.#longest = limits.string;
  }

  document(): JsonValue {
    const value = this.#value();
    this.#space();
    if (this.#at < this.#text.length) throw unreadable('something stands after the value');
    return value;
  }

  #value(): JsonValue {
    this.#space();
    switch (this.#text[this.#at]) {
      case '{':
        return this.#nested(() => this.#object());
      case '[':
        return this.#nested(() => this.#array());
      case '"':
        return this.#string();
      case 't':
        return this.#word('true', true);
      case 'f':
        return this.#word('false', false);
      case 'n':
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > this.#limits.depth) throw unreadable(`deeper than ${this.#limits.depth}`);
    this.#at++;
    const value = read();
    this.#depth--;
    return value;
  }

  #object(): JsonObject {
    const object: Record<string, JsonValue> = Object.create(null);
    let count = 0;
    if (this.#next('}')) return object;
    do {
      if (++count > this.#limits.members) throw unreadable(`more than ${this.#limits.members} members`);
      this.#space();
      if (this.#text[this.#at] !== '"') throw unreadable('a member has no name');
      const name = this.#string();
      if (FORBIDDEN_MEMBERS.has(name)) throw unreadable('a forbidden member');
      if (name in object) throw unreadable('a member occurs twice');
      if (!this.#next(':')) throw unreadable('a member has no value');
      object[name] = this.#member(name);
    } while (this.#next(','));
    if (!this.#next('}')) throw unreadable('an object does not end');
    return object;
  }

  #member(name: string): JsonValue {
    const long = this.#limits.longStrings;
    if (this.#depth !== 1 || long?.member !== name) return this.#value();
    this.#longest = long.string;
    const value = this.#value();
    this.#longest = this.#limits.string;
    return value;
  }

  #array(): JsonValue[] {
    const items: JsonValue[] = [];
    if (this.#next(']')) return items;
    do {
      if (items.length === this.#limits.items) throw unreadable(`more than ${this.#limits.items} items`);
      items.push(this.#value());
    } while (this.#next(','));
    if (!this.#next(']')) throw unreadable('an array does not end');
    return items;
  }

  #string(): string {
    this.#at++;
    let value = '';
    for (;;) {
      value += this.#match(PLAIN);
      const stop = this.#text[this.#at++];
      if (stop === '"') break;
      if (stop !== '\\') throw unreadable('a string does not end or holds a control character');
      value += this.#escape();
    }
    if (value.length > this.#longest) throw unreadable(`a string longer than ${this.#longest}`);
    if (!value.isWellFormed()) throw unreadable('a lone surrogate');
    return value;
  }

  #escape(): string {
    const mark = this.#text[this.#at++] ?? '';
    const simple = ESCAPES[mark];
    if (simple !== undefined) return simple;
    const hex = this.#text.slice(this.#at, this.#at + 4);
    if (mark !== 'u' || !/^[0-9a-fA-F]{4}$/.test(hex)) throw unreadable('an unknown escape');
    this.#at += 4;
    return String.fromCharCode(Number.parseInt(hex, 16));
  }

  #number(): number {
    const text = this.#match(NUMBER);
    if (text === '') throw unreadable('no value where one is due');
    const value = Number(text);
    if (!Number.isFinite(value)) throw unreadable('a number too large');
    return value;
  }

  #word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw unreadable('an unknown word');
    this.#at += word.length;
    return value;
  }

  /** Passes white space and then the mark, if it stands there. */
  #next(mark: string): boolean {
    this.#space();
    if (this.#text[this.#at] !== mark) return false;
    this.#at++;
    return true;
  }

  #space(): void {
    while (SPACE.has(this.#text.charCodeAt(this.#at))) this.#at++;
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const text = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += text.length;
    return text;
  }
}
