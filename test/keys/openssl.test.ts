import t from 'tap';
import { isOpensslInstalled } from '../../gates/openssl.ts';
import { compareChains, compareLists } from '../../gates/openssl-verify.ts';

/** The short form of the gate `openssl`: what `openssl verify` refuses we never accept. */

const CHAINS = 240;
const LISTS = 120;

const skip = isOpensslInstalled() ? false : 'the openssl command is not installed';

t.test(`security §1 (6) of ${CHAINS} chains made by chance none is accepted that OpenSSL refuses`, { skip }, async (t) => {
  const { both, neither, oursAlone, failures } = await compareChains({ seed: 1, from: 0, to: CHAINS }, t.testdir());
  t.same(failures, []);
  t.ok(both > CHAINS / 5 && neither > CHAINS / 5, `${both} accepted and ${neither} refused by both are enough of either kind`);
  t.comment([...oursAlone].map(([rule, count]) => `${rule} ${count}`).join(', '), 'refused by us alone');
});

t.test(`security §1 (6) of ${LISTS} sets of lists none is enough for us that OpenSSL refuses`, { skip }, async (t) => {
  const { both, neither, failures } = await compareLists({ seed: 1, from: 0, to: LISTS }, t.testdir());
  t.same(failures, []);
  t.ok(both > 10 && neither > 10, `${both} accepted and ${neither} refused by both are enough of either kind`);
});
