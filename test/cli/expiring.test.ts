import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { calendar } from '../../cli/calendar.ts';
import { makeTestCa } from '../../fixtures/test-ca.ts';
import { DAY, YEAR } from '../../server/core/time.ts';
import { openOffice } from './administrators.ts';
import { type Mask, matchesGolden } from './golden.ts';
import { newUser } from './portvakt.ts';

t.setTimeout(60_000);

const office = await openOffice(t);
const { as, user } = office;
const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
const LIST = ['table', 'wide', 'json', 'yaml', 'csv', 'name'] as const;

const MASKS: readonly Mask[] = [
  [/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g, 'UUID'],
  [/in \d+ days, \d{4}-\d\d-\d\d/g, 'AHEAD'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z/g, '2026-01-01T00:00:00.000Z'],
];

const WIDTHS: readonly Mask[] = [
  [/ {2,}/g, '  '],
  [/ +$/gm, ''],
];

t.test('where nothing ends within the days, it says so by an empty list and ends with 0', async (t) => {
  for (const [format, answer] of [
    ['json', '{\n  "items": [],\n  "next": null\n}\n'],
    ['name', ''],
  ] as const) {
    const { code, stdout, stderr } = await as('consumer', 'expiring', '-o', format);
    t.match([code, stdout, stderr], [0, answer, '']);
  }
  const empty = await as('consumer', 'expiring', '--ics');
  t.match([empty.code, empty.stdout], [0, /^BEGIN:VCALENDAR\r\n(?!.*VEVENT)/s]);
});

t.test('what ends within the days is told in every format, the first to end first, and ends with 10', async (t) => {
  await user.run(['key', 'generate', '--out', 'k.pem', '--kid', 'k-1']);
  const file = join(user.home, 'k.pub.jwk');
  const exp = Math.floor(Date.now() / 1000) + 25 * 86_400 + 3_600;
  await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), exp }));
  const given = [
    ['delegation', 'give', 'prove:bygg.read', '--to', '0007:5560000001', '--until', inDays(40)],
    ['delegation', 'give', 'prove:kart.read', '--to', '310555045', '--until', inDays(4)],
    ['key', 'add', 'demo-consumer', 'k.pub.jwk'],
  ];
  for (const line of given) {
    const { code, stderr } = await as('consumer', ...line);
    t.equal(code, 0, stderr);
  }
  for (const format of LIST) {
    const { code, stdout, stderr } = await as('consumer', 'expiring', '-o', format);
    t.equal(code, 10, stderr);
    matchesGolden(t, `expiring.${format}`, { text: stdout, masks: /table|wide/.test(format) ? [...MASKS, ...WIDTHS] : MASKS });
    t.match(stderr, /3 things end within 90 days/);
  }
});

t.test('the days, the columns and the rows are the caller’s to choose; the exit code counts them all', async (t) => {
  const near = await as('consumer', 'expiring', '--within', '5d', '-o', 'csv', '--columns', 'kind,within_days', '--no-headers');
  t.match(
    [near.code, near.stdout, near.stderr],
    [10, 'delegation,7\r\n', /1 thing ends within 5 days\n\n {2}fix {3}portvakt delegation give prove:kart\.read/],
  );
  t.equal((await as('consumer', 'expiring', '--within', '1d')).code, 0);
  const first = await as('consumer', 'expiring', '--limit', '1', '-o', 'json');
  const { items, next } = JSON.parse(first.stdout);
  t.match([first.code, items.length, typeof next], [10, 1, 'string']);
  const rest = await as('consumer', 'expiring', '--cursor', next, '-o', 'name');
  t.match([rest.code, rest.stdout.split('\n').length - 1], [10, 2]);
  for (const wrong of ['30', '0d', '4000d', '1w', '-1d', 'soon'])
    t.equal((await as('consumer', 'expiring', `--within=${wrong}`)).code, 2, wrong);
});

t.test('the operator sees everybody’s, a client without a fitting scope is refused with 5', async (t) => {
  const operator = await as('operator', 'expiring', '--within', '3660d', '-o', 'csv', '--columns', 'kind', '--no-headers');
  t.equal(operator.code, 10);
  t.same([...new Set(operator.stdout.trim().split('\r\n'))].sort(), ['anchor', 'delegation', 'intermediate', 'key']);
  const [, bare] = await office.batch([
    ['login', '--client', 'demo-consumer'],
    ['expiring', '--context', 'demo-consumer'],
  ]);
  t.match([bare?.code, bare?.stderr], [5, /has no scope for this/]);
});

t.test('doctor tells what ends soon, and fails with 11 when a trusted authority ends within 7 days', async (t) => {
  for (const [days, code, found] of [
    [20, 0, /1 anchor within 30 days/],
    [5, 11, /a trusted authority ends soon: 1 anchor within 7 days/],
  ] as const) {
    const other = await newUser(t);
    const { root } = await makeTestCa({ now: Math.floor(Date.now() / 1000) - 7 * YEAR + days * DAY });
    await writeFile(join(other.home, 'root.pem'), root.certificate.pem);
    const operator = '- { orgno: "310555010", name: Drift, admin_scopes: [portvakt:operator] }';
    await writeFile(
      join(other.home, 'world.yaml'),
      `organizations:\n  ${operator}\ntrust:\n  - { file: root.pem, role: anchor }\n`,
    );
    const made = await other.run(['init', '--environment', 'test', '--world', 'world.yaml']);
    t.equal(made.code, 0, made.stderr);
    const looked = await other.run(['doctor', '--offline', '-o', 'json']);
    const ends = JSON.parse(looked.stdout).items.find(({ id }: { id: string }) => id === 'endings');
    t.match([looked.code, ends.detail, ends.result], [code, found, code === 0 ? 'ok' : 'problem'], looked.stderr);
  }
});

t.test('RFC 5545 with --ics it is a calendar, in which the same thing is the same event each time', async (t) => {
  const once = await as('consumer', 'expiring', '--ics');
  t.equal(once.code, 10);
  assertCalendar(t, once.stdout);
  const uids = (ics: string) => [...ics.matchAll(/^UID:(.*)\r$/gm)].map(([, uid]) => uid);
  const again = await as('consumer', 'expiring', '--ics', '--within', '200d');
  t.same(uids(again.stdout), uids(once.stdout));
  t.equal(new Set(uids(once.stdout)).size, 3);
  t.match(
    unfold(once.stdout),
    new RegExp(`\r\nDTSTART:${inDays(5).replaceAll('-', '')}T000000Z\r\n`),
    'a day that ends is over then',
  );
});

t.test('RFC 5545 lines are folded between characters, and text is escaped', async (t) => {
  const summary = `a;b,c\\d\nBEGIN:VEVENT\r\nå ${'æøå🔑'.repeat(30)}\u0000\u0007`;
  const event = { uid: 'u@host', at: 1_798_761_600, summary, description: 'x'.repeat(200), remindDays: [30, 1] };
  const ics = calendar('Navn, nr. 1', [event], 1_767_225_600);
  assertCalendar(t, ics);
  t.equal([...ics.matchAll(/^BEGIN:VEVENT\r$/gm)].length, 1, 'no text begins an event of its own');
  const whole = unfold(ics);
  t.match(whole, `SUMMARY:a\\;b\\,c\\\\d\\nBEGIN:VEVENT\\nå ${'æøå🔑'.repeat(30)}\r\n`);
  t.match(whole, /\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20270101T000000Z\r\n/);
  t.match(whole, 'X-WR-CALNAME:Navn\\, nr. 1\r\n');
  t.same(
    [...whole.matchAll(/^TRIGGER:(.*)\r$/gm)].map(([, trigger]) => trigger),
    ['-P30D', '-P1D'],
  );
});

function unfold(ics: string): string {
  return ics.replaceAll('\r\n ', '');
}

/** Lines end with CR LF and have at most 75 octets of whole characters, and what begins ends. RFC 5545 §3.1, §3.6 */
function assertCalendar(t: Test, ics: string): void {
  t.notMatch(ics.replaceAll('\r\n', ''), /[\r\n\uFFFD]/);
  for (const line of ics.split('\r\n')) t.ok(Buffer.byteLength(line) <= 75, line);
  const open: string[] = [];
  for (const line of unfold(ics).trimEnd().split('\r\n')) {
    const [, edge, component = ''] = /^(BEGIN|END):(\w+)$/.exec(line) ?? [];
    if (edge === 'BEGIN') open.push(component);
    if (edge === 'END') t.equal(open.pop(), component);
    t.match(line, /^[A-Z][A-Z-]*:/);
  }
  t.same(open, []);
}
