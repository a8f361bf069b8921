import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { recordHash } from '../../server/audit/chain.ts';
import { AuditBroken, readLine, writeLine } from '../../server/audit/line.ts';
import { type AuditSummary, AuditVerifier } from '../../server/audit/verify.ts';
import type { AuditLine, ChainedRecord, CheckpointSigner, SignedCheckpoint } from '../../server/core/audit.ts';
import type { AuditRecord, Storage } from '../../server/core/ports.ts';
import type { WithStore } from './contract.ts';
import { verdict } from './samples.ts';

const { privateKey } = generateKeyPairSync('ed25519');
const KEYS: ReadonlyMap<string, KeyObject> = new Map([['k1', createPublicKey(privateKey)]]);
const signer: CheckpointSigner = {
  kid: 'k1',
  sign: (text) => sign(null, Buffer.from(text), privateKey).toString('base64url'),
};

async function read(storage: Storage, until?: number): Promise<AuditLine[]> {
  const lines: AuditLine[] = [];
  for await (const line of storage.audit.lines(until ?? (await storage.audit.end()).sequence)) lines.push(line);
  return lines;
}

function verified(lines: readonly AuditLine[], end?: Parameters<AuditVerifier['end']>[0]): AuditSummary {
  const verifier = new AuditVerifier(KEYS);
  for (const line of lines) verifier.take(line);
  return verifier.end(end);
}

/** Whether it ends in the one error that says what is wrong; any other is a mistake of ours. */
function breaks(judge: () => unknown): boolean {
  try {
    judge();
    return false;
  } catch (error) {
    if (error instanceof AuditBroken) return true;
    throw error;
  }
}

const record = (n: number): AuditRecord => ({ ...verdict, at: n, details: { code: `MP-${n}`, umlaut: 'Ø"\u2028', n } });

/** Everything that is kept hangs together. */
export function auditing(withStore: WithStore): void {
  withStore('PV-SEC-106 records of changes, spent assertions and events make one chain without gaps', async (t, { storage }) => {
    await storage.audit.append(record(1));
    await storage.assertions.spend({ clientId: 'a', jti: '1' }, 99, record(2));
    await storage.transaction(async ({ audit }) => {
      await audit.append(record(3));
      await audit.append(record(4));
    });
    const lines = (await read(storage)) as ChainedRecord[];
    t.match(
      lines.map(({ sequence, chain, number }) => ({ sequence, chain, number })),
      [1, 2, 3, 4].map((n) => ({ sequence: n, chain: 1, number: n })),
    );
    for (const line of lines) t.equal(recordHash(line), line.hash, 'the hash is that of its canonical form');
    t.match(verified(lines, (await storage.audit.end()).heads), { records: 4, chains: 1, unsealed: 4 });
  });

  withStore('PV-SEC-106 what is undone leaves no gap in the chain', async (t, { storage }) => {
    const undone = new Error('undone');
    const fails = (): Promise<unknown> =>
      storage.transaction(async ({ audit }) => {
        await audit.append(record(1));
        throw undone;
      });
    await t.rejects(fails(), undone);
    await storage.audit.append(record(2));
    await t.rejects(fails(), undone);
    await storage.assertions.spend({ clientId: 'a', jti: '1' }, 99, record(3));
    await storage.assertions.spend({ clientId: 'a', jti: '1' }, 99, record(4));
    const lines = await read(storage);
    t.equal(lines.length, 2);
    t.match(verified(lines, (await storage.audit.end()).heads), { records: 2, last_sequence: 2 });
  });

  withStore('PV-SEC-106 each writing process has a chain of its own, in one sequence', async (t, { storage, openAgain }) => {
    const other = await openAgain();
    for (let n = 0; n < 5; n++) await Promise.all([storage, other].map((each) => each.audit.append(record(n))));
    const lines = (await read(storage)) as ChainedRecord[];
    t.same(new Set(lines.map(({ chain }) => chain)), new Set([1, 2]));
    t.match(verified(lines, (await other.audit.end()).heads), { records: 10, chains: 2 });
  });

  withStore(
    'PV-SEC-107 checkpoints bind the chains, and a chain begun later follows the last',
    async (t, { storage, openAgain }) => {
      storage.audit.sealWith(signer);
      await storage.audit.seal(1);
      t.equal((await storage.audit.end()).checkpoint.number, 0, 'nothing to seal, no checkpoint');
      await storage.audit.append(record(1));
      await storage.audit.seal(2);
      await storage.audit.seal(3);
      t.equal((await storage.audit.end()).checkpoint.number, 1, 'sealed once');
      const other = await openAgain();
      await other.audit.append(record(2));
      await storage.audit.append(record(3));
      await storage.audit.seal(7200, 3600);
      const lines = await read(storage);
      t.match(verified(lines), { records: 3, checkpoints: 2, chains: 2, unsealed: 0, last_checkpoint_at: 7200 });
      await storage.audit.append(record(4));
      await storage.audit.seal(7201, 3601);
      t.equal((await storage.audit.end()).checkpoint.number, 2, 'the last one is not old enough');
    },
  );

  withStore('PV-SEC-107 every thousand records are sealed by the commit that reaches them', async (t, { storage }) => {
    storage.audit.sealWith(signer);
    await Promise.all(Array.from({ length: 2_600 }, (_, n) => storage.audit.append(record(n))));
    const { checkpoint, sequence } = await storage.audit.end();
    t.equal(sequence, 2_600);
    t.equal(checkpoint.number, 2);
    t.ok(checkpoint.sequence >= 2_000);
    t.match(verified(await read(storage), (await storage.audit.end()).heads), { records: 2_600, checkpoints: 2 });
  });

  withStore('PV-SEC-108 whatever is done to an exported audit is found, and said where', async (t, { storage, openAgain }) => {
    const other = await openAgain();
    for (const each of [storage, other]) each.audit.sealWith(signer);
    for (let n = 1; n <= 6; n++) {
      await (n % 2 ? storage : other).audit.append(record(n));
      if (n % 3 === 0) await storage.audit.seal(n);
    }
    const lines = await read(storage);
    t.equal(lines.length, 8);
    verified(lines);
    const changes: Readonly<Record<string, (lines: AuditLine[]) => AuditLine[]>> = {
      'without a record': (all) => all.toSpliced(1, 1),
      'without the first record': (all) => all.slice(1),
      'with a record twice': (all) => all.toSpliced(1, 0, all[1] as AuditLine),
      'with two records swapped': ([a, b, ...rest]) => [b, a, ...rest] as AuditLine[],
      'without its tail': (all) => all.slice(0, -1),
      'cut in the middle': (all) => all.slice(0, 5),
      'without a checkpoint': (all) => all.toSpliced(3, 1),
      'with its checkpoints swapped': (all) => all.map((line, place) => all[{ 3: 7, 7: 3 }[place] ?? place] ?? line),
      'beginning with a checkpoint that is not the first': (all) => all.slice(4),
    };
    for (const [what, change] of Object.entries(changes)) t.throws(() => verified(change([...lines])), AuditBroken, what);
    t.throws(() => verified([]), AuditBroken, 'empty');
  });

  withStore('PV-SEC-108 any changed byte of an exported audit is found', async (t, { storage }) => {
    storage.audit.sealWith(signer);
    for (let n = 1; n <= 3; n++) await storage.audit.append(record(n));
    await storage.audit.seal(4);
    const text = (await read(storage)).map(writeLine).join('\n');
    const judge = (changed: string): AuditSummary =>
      verified(changed.split('\n').map((line, n) => readLine(line, `line ${n + 1}`)));
    t.match(judge(text), { records: 3 });
    const unseen = [...text].flatMap((_, place) =>
      [1, 2, 32].flatMap((bit) => {
        const changed = text.slice(0, place) + String.fromCharCode(text.charCodeAt(place) ^ bit) + text.slice(place + 1);
        return breaks(() => judge(changed)) ? [] : [changed];
      }),
    );
    t.same(unseen, []);
    t.throws(() => judge(text.replaceAll(':', ': ')), /line 1: it is not in canonical form/);
    t.throws(() => judge(text.replace('"at"', '"at":1,"at"')), AuditBroken, 'a member twice');
    t.throws(() => judge(text.replace('"kid"', '"ignored":1,"kid"')), AuditBroken, 'something beside the signature');
  });

  withStore(
    'PV-SEC-108 what was exported can be taken out up to its checkpoint, and the rest still verifies',
    async (t, place) => {
      const { storage } = place;
      const other = await place.openAgain();
      for (const each of [storage, other]) each.audit.sealWith(signer);
      await Promise.all(Array.from({ length: 1_500 }, (_, n) => (n % 2 ? storage : other).audit.append(record(n))));
      await storage.audit.seal(1);
      const exported = await read(storage);
      const last = exported.at(-1) as SignedCheckpoint;
      t.match(verified(exported), { records: 1_500 });
      t.equal(await storage.audit.prune({ ...last, signature: 'x' }, record(1)), undefined, 'no checkpoint of this store');
      const partial = exported.find((line) => 'checkpoint' in line && !line.checkpoint.whole) as SignedCheckpoint;
      t.equal(await storage.audit.prune(partial, record(1)), undefined, 'one that does not name every chain');
      t.equal((await read(storage)).length, exported.length, 'nothing has gone');
      t.equal(await storage.audit.prune(last, record(7)), 1_500);
      await other.audit.append(record(2));
      await storage.audit.seal(2);
      const rest = await read(storage);
      t.match(verified(rest), { records: 2, begins_after_checkpoint: last.checkpoint.number, last_sequence: 1_502 });
      t.same(
        (await storage.audit.list(9)).map(({ at }) => at),
        [2, 7],
        'with a record of its own',
      );
      t.equal(await storage.audit.prune(last, record(8)), 0, 'a second time nothing goes');
      t.equal(await storage.audit.prune(rest.at(-1) as SignedCheckpoint, record(9)), 2);
      await storage.audit.seal(3);
      t.match(verified(await read(other)), { records: 2, last_sequence: 1_504 });
    },
  );

  withStore('PV-SEC-108 a checkpoint of a stranger vouches for nothing', async (t, { storage }) => {
    const { privateKey: strange } = generateKeyPairSync('ed25519');
    const by = (kid: string): CheckpointSigner => ({
      kid,
      sign: (text) => sign(null, Buffer.from(text), strange).toString('base64url'),
    });
    storage.audit.sealWith(by('k1'));
    await storage.audit.append(record(1));
    await storage.audit.seal(1);
    const lines = await read(storage);
    t.throws(() => verified(lines), /checkpoint 1: its signature is wrong/);
    const renamed = lines.map((line) => ('checkpoint' in line ? ({ ...line, kid: 'k2' } satisfies SignedCheckpoint) : line));
    t.throws(() => verified(renamed), /checkpoint 1: signed with k2, which is not among the keys given/);
  });
}
