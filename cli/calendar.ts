import type { EpochSeconds } from '../server/core/time.ts';

/** Something that happens at a moment, for a calendar. */
export type CalendarEvent = {
  /** The same each time that it is told, for the whole world: so a moved event moves, and stands there once. RFC 7986 §5.3 */
  readonly uid: string;
  readonly at: EpochSeconds;
  readonly summary: string;
  readonly description: string;
  /** So many days before it, each once, it reminds. */
  readonly remindDays: readonly number[];
};

/**
 * Writes events as a calendar that calendar programs read and subscribe to, times in UTC. RFC 5545
 * @param now when it is written.
 */
export function calendar(name: string, events: readonly CalendarEvent[], now: EpochSeconds): string {
  const lines = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Portvakt//portvakt expiring//EN',
    'CALSCALE:GREGORIAN',
    'METHOD:PUBLISH',
    `X-WR-CALNAME:${text(name)}`,
    ...events.flatMap((event) => eventLines(event, now)),
    'END:VCALENDAR',
  ];
  return lines.map((line) => `${fold(line)}\r\n`).join('');
}

function eventLines({ uid, at, summary, description, remindDays }: CalendarEvent, now: EpochSeconds): readonly string[] {
  return [
    'BEGIN:VEVENT',
    `UID:${text(uid)}`,
    `DTSTAMP:${utc(now)}`,
    `DTSTART:${utc(at)}`,
    `SUMMARY:${text(summary)}`,
    `DESCRIPTION:${text(description)}`,
    'TRANSP:TRANSPARENT',
    ...remindDays.flatMap((days) => [
      'BEGIN:VALARM',
      'ACTION:DISPLAY',
      `DESCRIPTION:${text(summary)}`,
      `TRIGGER:-P${days}D`,
      'END:VALARM',
    ]),
    'END:VEVENT',
  ];
}

/** Form #2 of RFC 5545 §3.3.5. */
function utc(at: EpochSeconds): string {
  return new Date(at * 1000).toISOString().replace(/[-:]|\.\d+/g, '');
}

/** What would end the value, or be no text at all, is escaped or left out. RFC 5545 §3.3.11 */
function text(value: string): string {
  return value
    .replace(/[\\;,]/g, '\\$&')
    .replace(/\r\n|\r|\n/g, '\\n')
    .replace(/[\u0000-\u001f\u007f]/g, '');
}

/** Longest line, in octets without its end. RFC 5545 §3.1 */
const LINE = 75;

/** Breaks a line that is too long, between characters and never inside one: each further part begins with a space. RFC 5545 §3.1 */
function fold(line: string): string {
  const parts: string[] = [];
  let part = '';
  for (const character of line) {
    const room = parts.length === 0 ? LINE : LINE - 1;
    if (Buffer.byteLength(part + character) > room) {
      parts.push(part);
      part = '';
    }
    part += character;
  }
  return [...parts, part].join('\r\n ');
}
