import t from 'tap';
import { certificatesJson, certificatesTable, measureCertificates } from '../../bench/certificates/certificates.ts';

// As a user has it: without what tap loads into every child, which takes longer than the server does.
delete process.env.NODE_OPTIONS;

t.test('a short run has every validator judge chains, loads a list, and gets a token for every request meanwhile', async (t) => {
  process.env.TMPDIR = t.testdir();
  const extent = { rounds: 1, tokens: 40, connections: 4, warmUp: 8, delegations: 100 };
  const measurement = await measureCertificates({ extent, entries: 5_000 }, () => {});
  const { chains, list } = measurement;
  t.same(
    chains.map(({ validator, kind }) => `${validator} ${kind}`),
    ['portvakt RSA-2048', 'node-forge RSA-2048', 'pkijs RSA-2048', 'portvakt P-256', 'node-forge P-256', 'pkijs P-256'],
  );
  t.same(
    chains.filter(({ cold }) => cold === undefined).map(({ validator, kind, cannot }) => `${validator} ${kind} ${cannot}`),
    ['node-forge P-256 knows RSA alone'],
  );
  const [ours] = chains;
  t.ok(ours?.cold && ours.cached !== undefined && ours.cached < ours.cold, 'a verdict that is kept costs less than a new one');
  t.equal(list.alone.entries, 5_000, 'the list was verified and every entry read');
  t.equal(list.errors, 0);
  t.ok(list.loads >= 1 && list.whileLoading.p99 > 0 && list.undisturbed.p99 >= list.undisturbed.p50);
  t.match(certificatesTable(measurement).join('\n'), /^portvakt +RSA-2048 +\d+ +\d+\.\d$/m);
  t.match(certificatesJson(measurement), { chains: { length: 6 }, list: { entries: 5_000 }, errors: 0 });
});
