import type { Gate, Outcome } from './gate.ts';
import { isPkitsAtHand, judgePkits } from './pkits.ts';
import { FILES, isWycheproofAtHand, judgeWycheproof } from './wycheproof.ts';

/** Public suites of cases. The short form is the whole: they take seconds. Security reference §6, G10 */
export const corpora: Gate = {
  id: 'G10',
  title: 'NIST PKITS and Wycheproof: nothing wrongly accepted, refusals of what is right only from the reviewed list',
  run: async () => {
    const outcomes = [pkits(), ...FILES.map(([file, valid]) => wycheproof(file, valid))];
    return {
      figures: Object.assign({}, ...outcomes.map(({ figures }) => figures)),
      failures: outcomes.flatMap(({ failures }) => failures),
    };
  },
};

function pkits(): Outcome {
  if (!isPkitsAtHand())
    return { figures: {}, failures: ['PKITS is not at hand: the folder shared/data does not stand beside the project'] };
  const { cases, right, wrong, wronglyAccepted, wronglyRefused, notAsListed, onPurpose } = judgePkits();
  const listed = [...onPurpose.values()].reduce((sum, count) => sum + count, 0);
  return {
    figures: {
      'PKITS cases': cases,
      'PKITS wrong, and accepted': `${wronglyAccepted.length} of ${wrong}`,
      'PKITS right, and accepted': `${right - listed - wronglyRefused.length} of ${right}, ${listed} refused on purpose`,
      ...Object.fromEntries([...onPurpose].map(([why, count]) => [`  ${why}`, count])),
    },
    failures: [
      ...wronglyAccepted.map((place) => `PKITS ${place} is wrong and accepted`),
      ...wronglyRefused.map((place) => `PKITS ${place} is right, refused, and not on the list`),
      ...notAsListed.map((place) => `PKITS ${place} is on the list, and not refused so`),
    ],
  };
}

function wycheproof(file: string, valid: readonly string[]): Outcome {
  if (!isWycheproofAtHand(file)) return { figures: {}, failures: [`${file} is not at hand`] };
  const { vectors, judged, accepted } = judgeWycheproof(file);
  const wrong = accepted.filter(({ isValid }) => !isValid);
  const isComplete = valid.every((title) => accepted.some((one) => one.title.endsWith(title)));
  return {
    figures: { [file]: `${judged} signatures of ${vectors} vectors, ${accepted.length} accepted, ${wrong.length} of them wrong` },
    failures: [
      ...wrong.map(({ title }) => `Wycheproof ${title} is accepted`),
      ...(isComplete ? [] : [`${file}: a valid vector of an algorithm that is on is refused`]),
    ],
  };
}
