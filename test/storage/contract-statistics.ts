import { generateKeyPairSync, sign } from 'node:crypto';
import { beginOfMonth, monthOf } from '../../server/core/month.ts';
import type { AuditRecord, Storage } from '../../server/core/ports.ts';
import type { StatisticWish } from '../../server/core/statistics.ts';
import { sealMonth } from '../../server/registry/statistic-months.ts';
import type { WithStore } from './contract.ts';
import { owner, putAll, scope, verdict } from './samples.ts';

const { privateKey } = generateKeyPairSync('ed25519');

/** 2026-01-01T00:00:00Z */
const NEW_YEAR = 1_767_225_600;
const HOUR = 3_600;
const DAY = 24 * HOUR;
const ALL = { by: 'scope', per: 'day', from: NEW_YEAR, to: NEW_YEAR + 40 * DAY, limit: 100 } as const satisfies StatisticWish;

/** Of the figures that January has in these tests: the same in every store. */
const JANUARY = '2434f8da0bce57345257d7cc9afd286f61b3d195952d9cc04162df9c6f5bde41';

const [CONSUMER, SUPPLIER] = ['310555037', '310555045'];

const token = (at: number, more: Partial<AuditRecord> = {}): AuditRecord => ({
  ...{ type: 'token.issuing', at, correlationId: verdict.correlationId, clientId: 'c', orgno: CONSUMER },
  details: { consumer_orgno: CONSUMER, scopes: ['p:x'] },
  ...more,
});

const refusal = (at: number, code: string, scopes: readonly string[]): AuditRecord => ({
  ...token(at, { type: 'token.refused' }),
  details: { code, consumer_orgno: CONSUMER, scopes },
});

async function keep(storage: Storage, records: readonly AuditRecord[]): Promise<void> {
  for (const record of records) await storage.audit.append(record);
  await foldAll(storage);
}

/** Takes out of the audit whatever is in it. */
async function pruneAll({ audit }: Storage, now: number): Promise<void> {
  audit.sealWith({ kid: 'k1', sign: (text) => sign(null, Buffer.from(text), privateKey).toString('base64url') });
  await audit.seal(now);
  for await (const line of audit.lines((await audit.end()).sequence))
    if ('checkpoint' in line) await audit.prune(line, { ...token(now), type: 'audit.pruned' });
}

async function foldAll(storage: Storage): Promise<void> {
  while (await storage.statistics.fold());
}

/** Figures are what the audit says, each record once. */
export function statistics(withStore: WithStore): void {
  withStore('tokens and refusals are counted by the hour, day and month of UTC', async (t, { storage }) => {
    t.same(await storage.statistics.list(ALL), [], 'a store begins without any');
    t.equal(await storage.statistics.fold(), false);
    await keep(storage, [
      ...[token(NEW_YEAR), token(NEW_YEAR + HOUR - 1), token(NEW_YEAR + HOUR), token(NEW_YEAR + 31 * DAY)],
      ...[refusal(NEW_YEAR, 'MP-250', ['p:x', 'p:y']), refusal(NEW_YEAR + 1, 'MP-012', ['p:y'])],
      { ...token(NEW_YEAR), type: 'client.changed' },
    ]);
    const per = async (period: StatisticWish['per']) =>
      (await storage.statistics.list({ ...ALL, per: period })).map((row) => [row.period, row.key, row.tokens, row.refusals]);
    t.strictSame(await per('hour'), [
      ['2026-01-01T00', 'p:x', 2, { 'MP-250': 1 }],
      ['2026-01-01T00', 'p:y', 0, { 'MP-012': 1, 'MP-250': 1 }],
      ['2026-01-01T01', 'p:x', 1, {}],
      ['2026-02-01T00', 'p:x', 1, {}],
    ]);
    t.strictSame(
      (await per('day')).map(([period, key, tokens]) => [period, key, tokens]),
      [
        ['2026-01-01', 'p:x', 3],
        ['2026-01-01', 'p:y', 0],
        ['2026-02-01', 'p:x', 1],
      ],
    );
    t.strictSame((await per('month')).at(-1), ['2026-02', 'p:x', 1, {}]);
    const between = await storage.statistics.list({ ...ALL, from: NEW_YEAR + 1, to: NEW_YEAR + 2 * HOUR });
    t.match(between, [{ tokens: 1 }], 'an hour counts where it begins');
    t.equal(between.length, 1);
  });

  withStore('figures are told apart by what is asked, a page after the other', async (t, { storage }) => {
    const supplied = { consumer_orgno: CONSUMER, supplier_orgno: SUPPLIER, scopes: ['p:x', 'p:y'] };
    await keep(storage, [
      token(NEW_YEAR),
      token(NEW_YEAR, { clientId: 's', details: supplied }),
      refusal(NEW_YEAR, 'MP-250', ['p:x']),
      { ...token(NEW_YEAR), type: 'token.refused_unproven', details: { refusals: { 'MP-001': 7 } } },
    ]);
    const by = async (key: StatisticWish['by'], more: Partial<StatisticWish> = {}) =>
      (await storage.statistics.list({ ...ALL, by: key, ...more })).map((row) => [row.key, row.tokens, row.refusals]);
    t.strictSame(await by('consumer'), [
      ['', 0, { 'MP-001': 7 }],
      [CONSUMER, 2, { 'MP-250': 1 }],
    ]);
    t.strictSame(await by('supplier'), [
      ['', 1, { 'MP-001': 7, 'MP-250': 1 }],
      [SUPPLIER, 1, {}],
    ]);
    t.strictSame(await by('code'), [
      ['', 2, {}],
      ['MP-001', 0, { 'MP-001': 7 }],
      ['MP-250', 0, { 'MP-250': 1 }],
    ]);
    t.strictSame(await by('client', { party: SUPPLIER }), [['s', 1, {}]]);
    t.strictSame(
      await by('client', { party: CONSUMER }),
      [
        ['', 1, {}],
        ['c', 1, { 'MP-250': 1 }],
      ],
      'whose client acts for the consumer is not told (PV-SEC-083)',
    );
    t.strictSame(await by('scope', { limit: 1 }), [['p:x', 2, { 'MP-250': 1 }]]);
    t.strictSame(await by('scope', { limit: 1, after: { period: '2026-01-01', key: 'p:x' } }), [['p:y', 1, {}]]);
  });

  withStore('an owner is shown the figures of its scopes alone (PV-SEC-083)', async (t, { storage }) => {
    await storage.transaction(putAll);
    await keep(storage, [token(NEW_YEAR), token(NEW_YEAR, { details: { consumer_orgno: CONSUMER, scopes: [scope.name] } })]);
    const owned = { ...ALL, owner: owner.orgno };
    t.match(await storage.statistics.list(owned), [{ key: scope.name, tokens: 1 }]);
    t.match(await storage.statistics.list({ ...owned, by: 'consumer' }), [{ key: CONSUMER, tokens: 1 }]);
    t.same(await storage.statistics.list({ ...ALL, owner: '999999999' }), []);
  });

  withStore('adapters that count at once count every record once', async (t, place) => {
    const { storage } = place;
    const other = await place.openAgain();
    await Promise.all(Array.from({ length: 1_100 }, (_, n) => storage.audit.append(token(NEW_YEAR + n))));
    await Promise.all([foldAll(storage), foldAll(other)]);
    await foldAll(other);
    t.match(await storage.statistics.list(ALL), [{ key: 'p:x', tokens: 1_100 }]);
  });

  withStore('a record that holds what no text can show keeps none from being counted', async (t, { storage }) => {
    await keep(storage, [
      token(NEW_YEAR, { details: { consumer_orgno: CONSUMER, scopes: ['p:\0', 'p:\ud800', "p:'"] } }),
      token(NEW_YEAR),
    ]);
    t.match(await storage.statistics.list({ ...ALL, by: 'consumer' }), [{ tokens: 2 }]);
  });

  withStore('what was taken out of the audit before it was counted is a gap', async (t, { storage }) => {
    await keep(storage, [token(NEW_YEAR)]);
    await storage.audit.append(token(NEW_YEAR + DAY));
    await pruneAll(storage, NEW_YEAR + 2 * DAY);
    await foldAll(storage);
    const whole = { from: NEW_YEAR, to: NEW_YEAR + 2 * DAY + HOUR, reason: 'pruned' };
    t.strictSame(await storage.statistics.gaps(0, NEW_YEAR + 40 * DAY), [whole]);
    t.strictSame(await storage.statistics.gaps(whole.to, whole.to + 1), []);
    t.match(await storage.statistics.list(ALL), [{ tokens: 1 }], 'what was counted stays');
  });

  withStore('the first month that is sealed is the first that anything is known of', async (t, { storage }) => {
    await storage.audit.append(token(NEW_YEAR));
    await pruneAll(storage, NEW_YEAR + DAY);
    await keep(storage, [token(NEW_YEAR + 2 * DAY)]);
    t.match(await storage.statistics.gaps(0, NEW_YEAR), [{ from: 0, to: NEW_YEAR + DAY + HOUR }]);
    const now = NEW_YEAR + 32 * DAY;
    t.equal(await sealMonth(storage, { now, surelyPast: now, correlationId: verdict.correlationId }), true);
    t.match(await storage.statistics.months(), [{ from: NEW_YEAR }], 'none since 1970');
  });

  withStore(
    'a month that has been over for a day is sealed, with its digest in the audit, and never changes again',
    async (t, place) => {
      const { storage } = place;
      const [february, march] = [beginOfMonth(monthOf(NEW_YEAR) + 1), beginOfMonth(monthOf(NEW_YEAR) + 2)];
      const seal = (now: number) => sealMonth(storage, { now, surelyPast: now, correlationId: verdict.correlationId });
      t.equal(await seal(february + 40 * DAY), false, 'nothing has been counted yet');
      await keep(storage, [token(NEW_YEAR), refusal(NEW_YEAR + DAY, 'MP-250', ['p:x', 'p:y']), token(february)]);
      t.equal(await seal(february + DAY - 1), false, 'what others write late is waited for');
      await storage.audit.append(token(NEW_YEAR + 2 * DAY));
      t.equal(await seal(february + DAY), false, 'not everything is counted yet');
      await foldAll(storage);
      t.equal(await seal(february + DAY), true);
      t.equal(await seal(february + DAY), false, 'once');
      const [month, ...others] = await storage.statistics.months();
      t.same(others, []);
      const sum = { figures: 7, tokens: 2, refusals: 1, digest: JANUARY };
      t.strictSame(month, { from: NEW_YEAR, to: february, seal: { at: february + DAY, ...sum } });
      t.strictSame(await storage.statistics.sum(NEW_YEAR, february), sum);
      const [record] = await storage.audit.list(1);
      t.match(record, { type: 'statistics.sealed', details: { subject: 'statistics/2026-01', month: '2026-01', ...sum } });
      await keep(storage, [token(NEW_YEAR + 5), token(march)]);
      t.strictSame(await storage.statistics.sum(NEW_YEAR, february), sum, 'what comes late is not counted into it');
      t.strictSame(
        await storage.statistics.gaps(0, march),
        [{ from: NEW_YEAR, to: NEW_YEAR + HOUR, reason: 'late' }],
        'but marked',
      );
      t.match(await storage.statistics.list({ ...ALL, per: 'month', to: march + 40 * DAY }), [
        { period: '2026-01', tokens: 2 },
        { period: '2026-01', tokens: 0 },
        { period: '2026-02', tokens: 1 },
        { period: '2026-03', tokens: 1 },
      ]);
      const other = await place.openAgain();
      const again = { now: march + 40 * DAY, surelyPast: march + 40 * DAY, correlationId: verdict.correlationId };
      for (const _ of ['2026-02', '2026-03']) {
        await Promise.all([sealMonth(storage, again), sealMonth(other, again)]);
        await foldAll(other);
      }
      const seals = (await storage.audit.list(20)).filter(({ type }) => type === 'statistics.sealed');
      t.equal(seals.length, 3, 'each month has one record, whoever seals');
      t.equal(await storage.transaction(({ statisticMonths }) => statisticMonths.seal(NEW_YEAR, { at: 1, ...sum })), false);
    },
  );

  withStore('what a crash left closed is sealed, and whole months are as their hours', async (t, { storage }) => {
    await keep(storage, [
      token(NEW_YEAR),
      token(NEW_YEAR + DAY),
      token(NEW_YEAR + 35 * DAY),
      refusal(NEW_YEAR, 'MP-250', ['p:y']),
    ]);
    const to = beginOfMonth(monthOf(NEW_YEAR) + 2);
    for (const by of ['scope', 'consumer', 'code'] as const)
      t.strictSame(
        await storage.statistics.list({ ...ALL, by, per: 'month', to }),
        await storage.statistics.list({ ...ALL, by, per: 'month', to: to + 1 }),
      );
    const closed = await storage.statistics.close(to);
    t.strictSame(closed, { from: NEW_YEAR, to: NEW_YEAR + 31 * DAY });
    t.strictSame(await storage.statistics.close(to), closed, 'it is the next to be sealed until it is');
    t.strictSame(await storage.statistics.months(), [closed]);
    await sealMonth(storage, { now: to + DAY, surelyPast: to + DAY, correlationId: verdict.correlationId });
    t.match(await storage.statistics.months(), [{ seal: { tokens: 2, refusals: 1 } }]);
  });

  withStore('readiness is kept minute by minute, and a minute in which both were found is told apart', async (t, { storage }) => {
    const { readiness } = storage;
    const whole = { from: NEW_YEAR - DAY, to: NEW_YEAR + 40 * DAY };
    t.strictSame(await readiness.list({ per: 'month', ...whole }), []);
    t.equal(await readiness.since(), undefined);
    await readiness.add([
      { minute: NEW_YEAR + 120, found: '+' },
      { minute: NEW_YEAR + 180, found: '-' },
    ]);
    await readiness.add([
      { minute: NEW_YEAR + 120, found: '+' },
      { minute: NEW_YEAR + 180, found: '+' },
      { minute: NEW_YEAR + 3540, found: '-' },
    ]);
    await readiness.add([{ minute: NEW_YEAR + 31 * DAY, found: '+' }]);
    t.equal(await readiness.since(), NEW_YEAR + 120);
    t.strictSame(await readiness.list({ per: 'month', ...whole }), [
      { period: '2026-01', ready: 1, both: 1, unready: 1 },
      { period: '2026-02', ready: 1, both: 0, unready: 0 },
    ]);
    t.strictSame(await readiness.list({ per: 'hour', from: NEW_YEAR, to: NEW_YEAR + HOUR }), [
      { period: '2026-01-01T00', ready: 1, both: 1, unready: 1 },
    ]);
    t.match(await readiness.list({ per: 'day', ...whole }), [{ period: '2026-01-01' }, { period: '2026-02-01' }]);
  });
}
