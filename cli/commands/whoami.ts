import type { Command } from 'commander';
import type { AdminScope } from '../../server/core/admin-scopes.ts';
import { knownAdminScopes } from '../admin-token.ts';
import { openApi, path } from '../api-client.ts';
import { PUBLIC } from '../api-scopes.ts';
import { organizationName } from '../api-shapes.ts';
import { document } from '../help.ts';
import { relative, rfc3339 } from '../moment.ts';
import type { View } from '../output.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt whoami`: as whom the context speaks, and what it may do. */
export function define(command: Command): void {
  command
    .description('Shows as whom the context speaks, what that client may administer, and for how long its token counts.')
    .action(async () => whoami(Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'in the current context', run: 'portvakt whoami' },
      { does: 'in another, for a program', run: 'portvakt whoami --context demo-operator -o json' },
    ],
    seeAlso: ['portvakt login', 'portvakt context list'],
  });
}

type Self = {
  readonly context: string;
  readonly server: string;
  readonly client_id: string;
  readonly org: string | null;
  readonly organization_name: string | null;
  /** Admin scopes that the client has. */
  readonly scopes: readonly AdminScope[];
  readonly token_expires_at: string | null;
  readonly protected: boolean;
};

async function whoami(terminal: Terminal): Promise<void> {
  const api = await openApi(terminal);
  const { name: context, server, org = null, protected: isProtected = false } = api.context;
  const { clientId, clock } = await api.tokens.login();
  const { scopes, token } = await knownAdminScopes(api.tokens);
  const named = org === null ? undefined : await api.get(path`/organizations/${org}`, organizationName, PUBLIC);
  const answer = {
    ...{ context, server, client_id: clientId, org, organization_name: named?.object.name ?? null, scopes },
    token_expires_at: token ? rfc3339(token.expires) : null,
    protected: isProtected,
  };
  await terminal.answer(answer, view({ now: clock(), expires: token?.expires, utc: terminal.options.utc ?? false }));
}

function view({ now, expires, utc }: { now: number; expires: number | undefined; utc: boolean }): View<Self> {
  return {
    fields: [
      { name: 'context' },
      { name: 'server' },
      { name: 'client_id' },
      { name: 'org' },
      { name: 'organization_name' },
      { name: 'scopes' },
      { name: 'token_expires_at', text: () => (expires === undefined ? 'no token' : relative(expires, { now, utc })) },
      { name: 'protected', wide: true },
    ],
    name: ({ client_id }) => `client/${client_id}`,
  };
}
