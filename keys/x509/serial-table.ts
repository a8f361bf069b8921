/**
 * Serial numbers, to be asked for one by one: a million of them in some 30 MB, and nothing but arrays, so that a worker thread can
 * hand them over without a copy. They stand in `octets`, each behind its length; `slots` is a hash table of their places.
 */
export type SerialTable = { readonly count: number; readonly slots: Uint32Array; readonly octets: Uint8Array };

/** Longest serial number that a table takes, in octets. */
export const SERIAL_LIMIT = 255;

/** Whether the number, as the content octets of its INTEGER, is in the table. */
export function hasSerial({ slots, octets }: SerialTable, serial: Uint8Array): boolean {
  return (slots[slotOf({ slots, octets }, serial)] ?? 0) !== 0;
}

/** Puts a table together, number by number, in a time that grows with them alone. */
export class SerialTableBuilder {
  #count = 0;
  #slots = new Uint32Array(64);
  #octets = new Uint8Array(1024);
  /** A place of 0 means an empty slot. */
  #end = 1;

  /** @param serial the content octets of its INTEGER, at most {@link SERIAL_LIMIT}; one that is there already is passed over. */
  add(serial: Uint8Array): void {
    const table = { slots: this.#slots, octets: this.#octets };
    const slot = slotOf(table, serial);
    if (this.#slots[slot] !== 0) return;
    this.#slots[slot] = this.#append(serial);
    if (++this.#count * 2 > this.#slots.length) this.#spread();
  }

  finish(): SerialTable {
    return { count: this.#count, slots: this.#slots, octets: this.#octets.slice(0, this.#end) };
  }

  #append(serial: Uint8Array): number {
    const place = this.#end;
    this.#end += 1 + serial.length;
    if (this.#end > this.#octets.length) {
      const larger = new Uint8Array(Math.max(this.#end, 2 * this.#octets.length));
      larger.set(this.#octets);
      this.#octets = larger;
    }
    this.#octets[place] = serial.length;
    this.#octets.set(serial, place + 1);
    return place;
  }

  /** Twice the slots, so that half of them at least are empty and a look-up ends soon. */
  #spread(): void {
    const slots = new Uint32Array(2 * this.#slots.length);
    const octets = this.#octets;
    for (let place = 1; place < this.#end; place += 1 + (octets[place] ?? 0)) {
      slots[slotOf({ slots, octets }, octets.subarray(place + 1, place + 1 + (octets[place] ?? 0)))] = place;
    }
    this.#slots = slots;
  }
}

/** The slot that holds the number, or the empty one where it would be put. */
function slotOf({ slots, octets }: Pick<SerialTable, 'slots' | 'octets'>, serial: Uint8Array): number {
  const last = slots.length - 1;
  for (let slot = hash(serial) & last; ; slot = (slot + 1) & last) {
    const place = slots[slot] ?? 0;
    if (place === 0 || isAt(octets, place, serial)) return slot;
  }
}

function isAt(octets: Uint8Array, place: number, serial: Uint8Array): boolean {
  if (octets[place] !== serial.length) return false;
  for (let n = 0; n < serial.length; n++) if (octets[place + 1 + n] !== serial[n]) return false;
  return true;
}

/** FNV-1a, its high bits folded into the low ones. */
function hash(serial: Uint8Array): number {
  let value = 0x811c9dc5;
  for (const octet of serial) value = Math.imul(value ^ octet, 0x01000193);
  return value ^ (value >>> 15);
}
