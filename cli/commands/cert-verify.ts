import { type Command, Option } from 'commander';
import type { Certificate } from '../../keys/x509/certificate.ts';
import { nameText } from '../../keys/x509/name.ts';
import { type ChainVerdict, createChainJudge } from '../../keys/x509/offline.ts';
import { PROFILES } from '../../keys/x509/profile.ts';
import { attempt, Refusal, RULES } from '../../keys/x509/refusal.ts';
import type { EpochSeconds } from '../../server/core/time.ts';
import { judgeBatch } from '../cert-batch.ts';
import { readDerFiles } from '../certificate-files.ts';
import { Failure } from '../failure.ts';
import { document } from '../help.ts';
import { instant } from '../instant.ts';
import { rfc3339 } from '../moment.ts';
import type { View } from '../output.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt cert verify`: judges a chain as the server would, without a server. */
export function define(command: Command): void {
  const files = new FileLists();
  command
    .description(
      'Judges a certificate chain as the server does, by the CAs and revocation lists that you name: exit 0 for yes, 9 for no.',
    )
    .argument('[chain]', 'the chain, the own certificate first, as PEM, or one certificate as DER')
    .addOption(files.option('--trust <file...>', 'CAs that are trusted, PEM or DER'))
    .addOption(files.option('--untrusted <file...>', 'CAs that may lead up to them'))
    .addOption(files.option('--crl <file...>', 'revocation lists; with any, each certificate needs a fresh one of its issuer'))
    .option('--at <moment>', 'moment to judge at, RFC 3339; default: now', instant)
    .addOption(new Option('--profile <name>', 'hold it to an issuer profile, too').choices([...PROFILES.keys()]))
    .option('--batch <file>', 'judge many: a case a line, as JSON; - for standard input')
    .action(async (chain: string | undefined, options: VerifyOptions) =>
      options.batch === undefined
        ? verify(chain ?? files.takeLast(), options, Terminal.of(command))
        : judgeAll(options.batch, chain, options),
    );
  document(command, {
    examples: [
      { does: 'a chain, by the CA that you trust', run: 'portvakt cert verify --trust ca.pem --profile own-ca seal-chain.pem' },
      {
        does: 'at another time, as JSON',
        run: 'portvakt cert verify --trust ca.pem --at 2027-01-31T12:00:00Z -o json \\\n  seal-chain.pem',
      },
      {
        does: '{id, chain, trust, untrusted, crls, at, profile} a line, base64 DER',
        run: 'portvakt cert verify --batch cases.jsonl',
      },
    ],
    seeAlso: ['portvakt cert inspect'],
  });
}

type VerifyOptions = {
  readonly trust?: readonly string[];
  readonly untrusted?: readonly string[];
  readonly crl?: readonly string[];
  readonly at?: EpochSeconds;
  readonly profile?: string;
  readonly batch?: string;
};

/** Options that take several files. The chain may stand right behind them, and then looks like one more. */
class FileLists {
  #latest: string[] = [];

  option(flags: string, description: string): Option {
    return new Option(flags, description).argParser((file: string, before: string[] = []) => {
      this.#latest = before;
      before.push(file);
      return before;
    });
  }

  /** Takes the last file of the option that came last, unless it is that option's only one. */
  takeLast(): string {
    const chain = this.#latest.length > 1 ? this.#latest.pop() : undefined;
    if (chain === undefined) throw new Failure('usage', 'no chain is named', { fix: 'name the file of the chain last' });
    return chain;
  }
}

/** What is found of a chain: the rule that it breaks, or the path that holds. */
type Verdict = {
  readonly accepted: boolean;
  readonly rule: string | null;
  readonly detail: string | null;
  readonly expected: string | null;
  readonly at: string;
  readonly revocation_asked: boolean;
  readonly profile: string | null;
  readonly organization: string | null;
  /** How a client would prove who it is with it, as the token says. */
  readonly client_amr: string | null;
  readonly path: readonly Step[];
};

type Step = { readonly subject: string; readonly serial_number: string; readonly not_before: string; readonly not_after: string };

async function verify(chain: string, options: VerifyOptions, terminal: Terminal): Promise<void> {
  const { trust = [], untrusted = [], crl = [], at = Math.floor(Date.now() / 1000), profile } = options;
  if (trust.length === 0) throw new Failure('usage', 'no trusted CA is named', { fix: 'add --trust FILE' });
  const judge = createChainJudge();
  const chainCase = {
    chain: await readDerFiles([chain], 'CERTIFICATE'),
    trust: await readDerFiles(trust, 'CERTIFICATE'),
    untrusted: await readDerFiles(untrusted, 'CERTIFICATE'),
    crls: await readDerFiles(crl, 'X509 CRL'),
    at,
    ...(profile !== undefined && { profile }),
  };
  const outcome = attempt(() => judge(chainCase));
  const asked = { at: rfc3339(at), revocation_asked: crl.length > 0, profile: profile ?? null };
  await terminal.answer(toVerdict(outcome, asked), view);
  if (outcome instanceof Refusal)
    throw new Failure('refused', `${chain} is not accepted: ${outcome.message}`, { cause: outcome });
}

async function judgeAll(
  batch: string,
  chain: string | undefined,
  { trust, untrusted, crl, at, profile }: VerifyOptions,
): Promise<void> {
  if ([chain, trust, untrusted, crl, at, profile].some((value) => value !== undefined))
    throw new Failure('usage', 'the lines of --batch bring all that they are judged by', { fix: 'leave the other flags out' });
  await judgeBatch(batch, process.stdout);
}

function toVerdict(outcome: ChainVerdict | Refusal, asked: Pick<Verdict, 'at' | 'revocation_asked' | 'profile'>): Verdict {
  if (outcome instanceof Refusal) {
    const { rule, met } = outcome;
    return {
      accepted: false,
      rule,
      detail: met,
      expected: RULES[rule],
      ...asked,
      organization: null,
      client_amr: null,
      path: [],
    };
  }
  const { path, holder } = outcome;
  const whose = { organization: holder?.organization ?? null, client_amr: holder?.amr ?? null };
  return { accepted: true, rule: null, detail: null, expected: null, ...asked, ...whose, path: path.map(toStep) };
}

function toStep({ subject, serialNumber, notBefore, notAfter }: Certificate): Step {
  return {
    subject: nameText(subject),
    serial_number: serialNumber.toString('hex'),
    not_before: rfc3339(notBefore),
    not_after: rfc3339(notAfter),
  };
}

const view: View<Verdict> = {
  fields: [
    { name: 'accepted', text: ({ accepted }) => (accepted ? 'yes' : 'no') },
    { name: 'rule' },
    { name: 'detail' },
    { name: 'expected' },
    { name: 'at' },
    { name: 'revocation_asked', text: ({ revocation_asked }) => (revocation_asked ? 'yes' : 'no') },
    { name: 'profile' },
    { name: 'organization' },
    { name: 'client_amr' },
    { name: 'path', text: ({ path }) => path.map(({ subject }) => subject).join(' < ') },
  ],
  name: ({ path }) => `certificate/${path[0]?.serial_number ?? ''}`,
};
