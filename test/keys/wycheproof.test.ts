import t from 'tap';
import { FILES, isWycheproofAtHand, judgeWycheproof } from '../../gates/wycheproof.ts';

for (const [file, valid] of FILES) {
  const skip = isWycheproofAtHand(file)
    ? false
    : `${file} is not at hand: the folder shared/data does not stand beside the project`;
  t.test(`PV-SEC-001 to 014 none of Wycheproof's hostile signatures is accepted (${file})`, { skip }, async (t) => {
    const { vectors, judged, accepted } = judgeWycheproof(file);
    t.ok(judged > 20, `${judged} of ${vectors} vectors are signatures and were judged, the others are encryptions`);
    t.same(
      accepted.filter(({ isValid }) => !isValid),
      [],
      'hostile, and accepted',
    );
    t.same(
      accepted.map(({ title }) => title.split(' ').slice(1).join(' ')),
      valid,
      'the RS256 ones are accepted, HMAC and EC are not for registered keys',
    );
  });
}
