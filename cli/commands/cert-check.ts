import type { Command } from 'commander';
import { openApi } from '../api-client.ts';
import { OPERATE, READ_CLIENTS } from '../api-scopes.ts';
import { readDerFiles } from '../certificate-files.ts';
import { Failure } from '../failure.ts';
import { document } from '../help.ts';
import { day } from '../moment.ts';
import type { View } from '../output.ts';
import { Terminal } from '../terminal.ts';
import { type CertificateVerdict, certificateVerdict } from '../trust-shapes.ts';

/** `portvakt cert check` */
export function define(command: Command): void {
  command
    .description(
      'Has the server judge a chain: by its trust and revocation, whose it is, and which clients may use it. Exit 0 for yes, 9 for no.',
    )
    .argument('<chain>', 'the chain, the own certificate first, as PEM, or one certificate as DER')
    .action(async (chain: string) => check(chain, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'whether a certificate will do', run: 'portvakt cert check seal-chain.pem' },
      { does: 'which clients may use it, for a program', run: 'portvakt cert check seal-chain.pem -o json' },
    ],
    seeAlso: ['portvakt cert verify', 'portvakt trust list'],
  });
}

/** The server's answer, every member there. */
type Checked = { readonly [Name in keyof Required<Known>]: Exclude<Known[Name], undefined> | null };
type Known = Pick<
  CertificateVerdict,
  | 'accepted'
  | 'code'
  | 'rule'
  | 'expected'
  | 'got'
  | 'organization'
  | 'organization_name'
  | 'subject'
  | 'not_after'
  | 'client_amr'
  | 'trust_id'
  | 'revocation'
  | 'clients'
>;

async function check(file: string, terminal: Terminal): Promise<void> {
  const chain = await readDerFiles([file], 'CERTIFICATE');
  const api = await openApi(terminal);
  const body = { x5c: chain.map((der) => der.toString('base64')) };
  const options = { body, scopes: [...READ_CLIENTS, ...OPERATE], shape: certificateVerdict };
  const { object } = await api.query('/certificates/check', options);
  await terminal.answer({ ...NOTHING_KNOWN, ...object }, view);
  if (object.accepted) return;
  const { code, rule = code, got, expected } = object;
  throw new Failure('refused', `${file} is not accepted: ${rule}${got === undefined ? '' : `: ${got}`}`, {
    ...(code !== undefined && { code }),
    ...(expected !== undefined && { reason: `expected ${expected}` }),
  });
}

const NOTHING_KNOWN: Checked = {
  accepted: null,
  code: null,
  rule: null,
  expected: null,
  got: null,
  organization: null,
  organization_name: null,
  subject: null,
  not_after: null,
  client_amr: null,
  trust_id: null,
  revocation: null,
  clients: null,
};

const view: View<Checked> = {
  fields: [
    { name: 'accepted', text: ({ accepted }) => (accepted ? 'yes' : 'no') },
    { name: 'code' },
    { name: 'rule' },
    { name: 'expected' },
    { name: 'got' },
    { name: 'subject' },
    { name: 'organization' },
    { name: 'organization_name', heading: 'name' },
    { name: 'not_after', heading: 'until', text: ({ not_after }) => day(not_after ?? '') },
    { name: 'client_amr' },
    { name: 'revocation' },
    { name: 'trust_id', heading: 'trust', text: ({ trust_id }) => (trust_id ?? '').slice(0, 16) },
    {
      name: 'clients',
      text: ({ clients }) => (clients ?? []).map(({ client_name, by, kid }) => `${client_name} (${kid ?? by})`).join(', '),
    },
  ],
  name: ({ subject }) => `certificate/${subject ?? ''}`,
};
