import type { Asked, What } from '../arguments.ts';
import type { Outcome } from '../report/outcome.ts';

type Mode = (asked: Asked, tell: (line: string) => void) => Promise<Outcome>;

/** What is loaded for each mode, and no more: libraries that are compared with should not be loaded beside a load client. */
const MODES: Readonly<Record<What, () => Promise<Mode>>> = {
  tokens: async () => (await import('./tokens.ts')).measureTokens,
  certificates: async () => (await import('../certificates/certificates.ts')).certificatesOutcome,
  growth: async () => (await import('./growth.ts')).measureGrowth,
  profile: async () => (await import('./profile.ts')).measureProfile,
  'slow-senders': async () => (await import('./slow-senders.ts')).measureSlowSenders,
  reloads: async () => (await import('./reloads.ts')).measureReloads,
  soak: async () => (await import('./soak.ts')).measureSoak,
  start: async () => (await import('./start.ts')).measureStart,
  nodes: async () => (await import('./nodes.ts')).measureNodes,
  audit: async () => (await import('./audit.ts')).measureAudit,
};

/** Measures what was asked for; nothing is left running, and no file behind but those asked for. @param tell hears of the progress. */
export async function measureAsked(asked: Asked, tell: (line: string) => void): Promise<Outcome> {
  const measure = await MODES[asked.what]();
  return measure(asked, tell);
}
