/** How a command can end: the number for scripts, and when. The only place where the numbers stand. */
export const EXITS = {
  ok: { code: 0, when: 'done, or nothing to do' },
  unexpected: { code: 1, when: 'a fault of ours; prints a correlation id and asks for a report' },
  usage: { code: 2, when: 'unknown command, flag or value' },
  config: { code: 3, when: 'unreadable or invalid configuration, unknown context' },
  unauthenticated: { code: 4, when: 'no or expired session, key refused' },
  forbidden: { code: 5, when: 'known, but not allowed' },
  'not-found': { code: 6, when: 'what was named does not exist' },
  conflict: { code: 7, when: 'exists, is taken, changed meanwhile, or a plan gone stale' },
  invalid: { code: 8, when: 'input fails validation; nothing sent or stored' },
  refused: { code: 9, when: 'the token endpoint, or a check or verify, says no' },
  changes: { code: 10, when: 'plan or diff found differences; expiring found something' },
  unhealthy: { code: 11, when: 'a key, the store or another part of the server is not fit for use' },
  unreachable: { code: 12, when: 'network, TLS, time-out; safe to try again' },
  limited: { code: 13, when: 'rate limit; the wait is in the error' },
  interrupted: { code: 130, when: 'Ctrl-C' },
} as const satisfies Readonly<Record<string, { readonly code: number; readonly when: string }>>;

export type ExitName = keyof typeof EXITS;
