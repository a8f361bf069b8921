import { toFailure } from './failure.ts';
import type { View } from './output.ts';

/** What was found of one thing that has to be well. A warning is not well either, and works. */
export type Finding = {
  readonly id: string;
  readonly title: string;
  readonly result: 'ok' | 'warning' | 'problem' | 'skipped';
  readonly detail: string | null;
  readonly fix: string | null;
};

/** What a look found: a sentence where all is well, else what is wrong, or why it was not looked at. */
export type Found = string | Trouble | Skipped;

/** Why something was not looked at. */
export type Skipped = { readonly result: 'skipped'; readonly detail: string };

/** What is wrong, and what is done about it. */
export type Trouble = { readonly result: 'warning' | 'problem'; readonly detail: string; readonly fix: string };

/** Looks at one thing. @returns what is to be said of it. @throws when it is not well, or cannot be looked at */
export type Look = {
  readonly id: string;
  readonly title: string;
  /** Ids of what it stands on: where one of them has a problem, this is skipped. */
  readonly needs?: readonly string[];
  readonly look: () => Promise<Found | readonly Found[]>;
};

export function warning(detail: string, fix: string): Trouble {
  return { result: 'warning', detail, fix };
}

export function problem(detail: string, fix: string): Trouble {
  return { result: 'problem', detail, fix };
}

export function skipped(detail: string): Skipped {
  return { result: 'skipped', detail };
}

/** Looks at one thing after the other. What stands on something that is broken, or was not looked at for that, is skipped. */
export async function lookAtAll(looks: readonly Look[]): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const broken = new Set<string>();
  for (const each of looks) {
    const { id, title } = each;
    const lacks = each.needs?.find((need) => broken.has(need));
    const found = lacks === undefined ? await lookAt(each) : [skippedFor(lacks, looks)];
    findings.push(...found.map((one) => toFinding({ id, title }, one)));
    if (lacks !== undefined || findings.some((finding) => finding.id === id && finding.result === 'problem')) broken.add(id);
  }
  return findings;
}

async function lookAt({ look }: Look): Promise<readonly Found[]> {
  try {
    const found = await look();
    return Array.isArray(found) ? found : [found as Found];
  } catch (error) {
    return [troubleOf(error)];
  }
}

function skippedFor(need: string, looks: readonly Look[]): Found {
  const title = looks.find(({ id }) => id === need)?.title ?? need;
  return skipped(`it stands on what is broken: ${title}`);
}

function toFinding(named: Pick<Finding, 'id' | 'title'>, found: Found): Finding {
  return typeof found === 'string'
    ? { ...named, result: 'ok', detail: found, fix: null }
    : { ...named, result: found.result, detail: found.detail, fix: 'fix' in found ? found.fix : null };
}

/** What was thrown, as a problem. The server's own errors carry the remedy behind their last colon. */
export function troubleOf(error: unknown): Trouble {
  const { message, facts } = toFailure(error);
  const fix = facts.fix ?? facts.reason;
  if (fix !== undefined) return problem(message, fix);
  const [, what, remedy] = /^(.*): (.*)$/s.exec(message) ?? [];
  const isRemedy = error instanceof Error && ['KeyUnusable', 'StoreUnusable'].includes(error.name) && !isTheSystems(error);
  return what !== undefined && remedy !== undefined && isRemedy
    ? problem(what, remedy)
    : problem(message, 'see what it says, mend it, and look again');
}

/** Whether its words are those of the operating system. */
function isTheSystems({ message, cause }: Error): boolean {
  return cause instanceof Error && message.includes(cause.message);
}

/** How findings are shown. */
export const findingView: View<Finding> = {
  fields: [
    { name: 'result', heading: ' ', text: ({ result }) => ({ ok: '✓', warning: '!', problem: '✗', skipped: '–' })[result] },
    { name: 'title', heading: 'what' },
    { name: 'detail', heading: 'found' },
    { name: 'fix' },
    { name: 'id', wide: true },
  ],
  name: ({ id }) => `check/${id}`,
};
