import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readCertificate } from '../../keys/x509/certificate.ts';
import { type Config, readConfig } from '../../server/config.ts';
import type { Storage, TrustEntry } from '../../server/core/ports.ts';
import { DAY, MINUTE } from '../../server/core/time.ts';
import { openFoundations } from '../../server/main.ts';
import { countEndings, describeEndings } from '../../server/registry/endings.ts';
import { findOperator } from '../../server/registry/operator.ts';
import { openStorage } from '../../server/storage/open.ts';
import { Failure } from '../failure.ts';
import type { Look } from '../health-check.ts';
import { rfc3339 } from '../moment.ts';

/** What a server of this configuration stands on. */
export function looksAtHost(file: string): readonly Look[] {
  let config: Config | undefined;
  const known = (): Config => {
    if (!config) throw new Error('the configuration has not been read');
    return config;
  };
  return [
    {
      id: 'config',
      title: 'configuration',
      look: async () => {
        config = await readConfig(file);
        return `${file}: ${config.issuer}, ${config.environment}`;
      },
    },
    { id: 'data', title: 'data directory', look: () => lookAtFolder(known().dataDir) },
    { id: 'store', title: 'store and signing key', look: () => lookAtStore(known()) },
    { id: 'clock', title: 'clock', look: () => lookAtClock(known()) },
    { id: 'trust', title: 'trusted certificate authorities', look: () => lookAtTrust(known()) },
    { id: 'endings', title: 'what ends soon', look: () => lookAtEndings(known()) },
    { id: 'operator', title: 'operator', look: () => lookAtOperator(known()) },
  ];
}

/** `PV-SEC-095` */
async function lookAtFolder(dataDir: string): Promise<string> {
  for (const name of ['portvakt.db', 'keys']) {
    await stat(join(dataDir, name)).catch((cause: unknown) => {
      throw new Failure('unhealthy', `there is no ${name} in ${dataDir}`, { fix: 'portvakt init makes a data directory', cause });
    });
  }
  const { mode } = await stat(dataDir);
  if (process.platform !== 'win32' && (mode & 0o077) !== 0)
    throw new Failure('unhealthy', `${dataDir} is open to other users`, { fix: `chmod 700 ${dataDir}` });
  return dataDir;
}

async function lookAtStore(config: Config): Promise<string> {
  const { storage, keystore } = await openFoundations(config, {});
  try {
    await storage.ready();
    await keystore.current();
    const active = (await storage.signingKeys.list()).filter(({ state }) => state === 'active');
    const clear = keystore.plain().length;
    if (clear > 0)
      throw new Failure('unhealthy', `${clear} private keys lie in the clear in ${config.dataDir}/keys`, {
        fix: 'name keys.master in the configuration: docs/how-to/rotate-signing-keys.md',
      });
    return `can be read and written; signs with ${active.map(({ kid }) => kid).join(', ')}`;
  } finally {
    await storage.close();
  }
}

/** A clock that has gone back would take tokens that have ended for good ones. `PV-SEC-026` */
async function lookAtClock(config: Config): Promise<string> {
  return withStore(config, async (storage) => {
    const now = Math.floor(Date.now() / 1000);
    const [latest] = await storage.audit.list(1);
    if (latest && latest.at > now + MINUTE) {
      throw new Failure('unhealthy', `it says ${rfc3339(now)}, and the audit goes on to ${rfc3339(latest.at)}`, {
        fix: 'set the clock right (NTP)',
      });
    }
    return rfc3339(now);
  });
}

async function lookAtTrust(config: Config): Promise<string> {
  return withStore(config, async (storage) => {
    const entries = (await storage.trust.list()).filter(({ environment }) => environment === config.environment);
    const anchors = entries.filter(({ role }) => role === 'anchor');
    if (anchors.length === 0) return 'none: clients sign with registered keys alone';
    const ends = entries.map((entry) => ({ entry, days: daysLeft(entry) })).filter(({ days }) => days <= WARNED_FROM);
    const told = ends.map(
      ({ entry, days }) => `${entry.role} ${entry.id.slice(0, 16)} ${days < 0 ? 'has ended' : `ends in ${days} days`}`,
    );
    if (ends.some(({ days }) => days < 0)) throw new Failure('unhealthy', told.join(', '), { fix: 'portvakt trust list' });
    const blind = entries.filter((entry) => isBlind(entry, anchors));
    if (blind.length > 0) {
      throw new Failure(
        'unhealthy',
        `${blind.map(({ id }) => id.slice(0, 16)).join(', ')} accepts nobody: revocation is demanded, and nobody tells`,
        {
          fix: 'portvakt trust update ID --crl URL',
        },
      );
    }
    return [`${anchors.length} for ${config.environment}`, ...told].join(', ');
  });
}

/** What ends is its holders' to see to, but for an authority: with it all that it vouches for is refused. */
async function lookAtEndings(config: Config): Promise<string> {
  const foundations = await openFoundations(config, {});
  try {
    const counts = await countEndings(foundations, Math.floor(Date.now() / 1000));
    const found = describeEndings(counts).join(', ') || 'nothing within 90 days';
    const pressing = counts.some(
      ({ kind, withinDays, count }) => (kind === 'anchor' || kind === 'intermediate') && withinDays <= 7 && count > 0,
    );
    if (!pressing) return found;
    throw new Failure('unhealthy', `a trusted authority ends soon: ${found}`, { fix: 'portvakt expiring --within 7d' });
  } finally {
    await foundations.storage.close();
  }
}

/** Days before its end from which a CA is told of. */
const WARNED_FROM = 90;

function daysLeft({ certificate }: TrustEntry): number {
  return Math.floor((readCertificate(Buffer.from(certificate, 'base64')).notAfter - Date.now() / 1000) / DAY);
}

/** Whether certificates of this CA can never be accepted: an anchor's policy demands what nothing can answer. */
function isBlind({ crlUrls = [], ocspUrl, role, environment, revocation }: TrustEntry, anchors: readonly TrustEntry[]): boolean {
  const isDemanded = (policy: TrustEntry['revocation']): boolean =>
    policy === 'require' || policy === 'grace' || (policy === undefined && environment === 'production');
  const demanded = role === 'anchor' ? isDemanded(revocation) : anchors.every((anchor) => isDemanded(anchor.revocation));
  return demanded && crlUrls.length === 0 && ocspUrl === undefined;
}

async function lookAtOperator(config: Config): Promise<string> {
  return withStore(config, async (storage) => {
    const operator = await findOperator(storage);
    if (operator) return `${operator.orgno} ${operator.name}`;
    throw new Failure('unhealthy', 'there is none: nobody can administer the server', {
      fix: 'portvakt admin bootstrap --orgno N --name TEXT --public-key FILE',
    });
  });
}

async function withStore<T>({ dataDir }: Config, work: (storage: Storage) => Promise<T>): Promise<T> {
  const storage = await openStorage(join(dataDir, 'portvakt.db'));
  try {
    return await work(storage);
  } finally {
    await storage.close();
  }
}
