import t from 'tap';
import { LONGEST_WORK, withinPatience } from '../../server/http/patience.ts';

t.test(
  'PV-SEC-118 work that a slow store or source holds up is given up with a clear refusal before a client gives up',
  async (t) => {
    t.ok(LONGEST_WORK < 10_000);
    const work = Promise.withResolvers<string>();
    await t.rejects(withinPatience(work.promise, 5), { code: 'PV-508' });
    work.resolve('too late');
    t.equal(await withinPatience(work.promise, 5), 'too late', 'what is done in time is answered');
    await t.rejects(withinPatience(Promise.reject(new Error('refused')), 5), { message: 'refused' });
  },
);
