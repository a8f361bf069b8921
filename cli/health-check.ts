import { toFailure } from './failure.ts';
import type { View } from './output.ts';

/** What was found of one thing that has to be well. */
export type Finding = {
  readonly id: string;
  readonly title: string;
  readonly result: 'pass' | 'fail' | 'skipped';
  readonly detail: string | null;
  readonly fix: string | null;
};

/** Looks at one thing. @returns what is to be said of it. @throws when it is not well */
export type Look = { readonly id: string; readonly title: string; readonly look: () => Promise<string> };

/** Looks at one thing after the other; when one is not well, those after it are skipped: they stand on it. */
export async function lookAtAll(looks: readonly Look[]): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const { id, title, look } of looks) {
    const broken = findings.some(({ result }) => result === 'fail');
    findings.push(broken ? { id, title, result: 'skipped', detail: null, fix: null } : await lookAt({ id, title, look }));
  }
  return findings;
}

async function lookAt({ id, title, look }: Look): Promise<Finding> {
  try {
    return { id, title, result: 'pass', detail: await look(), fix: null };
  } catch (error) {
    const { message, facts } = toFailure(error);
    return { id, title, result: 'fail', detail: message, fix: facts.fix ?? facts.reason ?? null };
  }
}

/** How findings are shown. */
export const findingView: View<Finding> = {
  fields: [
    { name: 'result', heading: ' ', text: ({ result }) => ({ pass: '✓', fail: '✗', skipped: '–' })[result] },
    { name: 'title', heading: 'what' },
    { name: 'detail', heading: 'found' },
    { name: 'fix' },
    { name: 'id', wide: true },
  ],
  name: ({ id }) => `check/${id}`,
};
