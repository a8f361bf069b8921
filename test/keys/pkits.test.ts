import t from 'tap';
import { isPkitsAtHand, judgePkits } from '../../gates/pkits.ts';

const skip = isPkitsAtHand() ? false : 'pkits.json is not at hand: the folder shared/data does not stand beside the project';

t.test(
  'G10 NIST PKITS with its revocation lists: nothing wrong is accepted, and what is right only refused on purpose',
  { skip },
  async (t) => {
    const { cases, right, wrong, wronglyAccepted, wronglyRefused, notAsListed, onPurpose } = judgePkits();
    t.equal(right + wrong, cases, `all ${cases} cases are judged`);
    t.same(wronglyAccepted, [], 'wrong, and accepted');
    t.same(wronglyRefused, [], 'right, refused, and not on the reviewed list');
    t.same(notAsListed, [], 'on the list, and not refused by the rule that it names');
    for (const [why, count] of onPurpose) t.comment(`${count} refused on purpose by ${why}`);
  },
);
