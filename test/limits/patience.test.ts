import t from 'tap';
import { StoreUnavailable } from '../../server/core/ports.ts';
import { LONGEST_WORK, withinPatience } from '../../server/http/patience.ts';

t.test('PV-SEC-118 work that a slow store holds up is given up with a clear refusal before a client gives up', async (t) => {
  t.ok(LONGEST_WORK < 10_000);
  const work = Promise.withResolvers<string>();
  await t.rejects(withinPatience(work.promise, 5), new StoreUnavailable('the store took longer than 5 ms'));
  work.resolve('too late');
  t.equal(await withinPatience(work.promise, 5), 'too late', 'what is done in time is answered');
  await t.rejects(withinPatience(Promise.reject(new Error('refused')), 5), { message: 'refused' });
});
