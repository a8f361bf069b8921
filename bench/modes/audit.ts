import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { closing } from '../../proving/closing.ts';
import { makeDataDirectory } from '../../proving/data-directory.ts';
import { worldOfRun } from '../../proving/made-world.ts';
import { PORTVAKT } from '../../proving/portvakt.ts';
import { peakSize } from '../../proving/process-tree.ts';
import { writeLine } from '../../server/audit/line.ts';
import { readConfig } from '../../server/config.ts';
import type { Audit } from '../../server/core/audit.ts';
import type { Storage } from '../../server/core/ports.ts';
import { openFoundations } from '../../server/foundations.ts';
import type { Asked } from '../arguments.ts';
import type { Outcome } from '../report/outcome.ts';

/** Records kept at once: what a turn of the event loop commits together. */
const TOGETHER = 64;

/** How often the memory of the verifying process is looked at, in milliseconds. */
const LOOK = 20;

/** What it takes to keep so many records, to take them out and to verify them by the command. @param tell hears of the progress. */
export async function measureAudit({ records }: Asked, tell: (line: string) => void): Promise<Outcome> {
  return closing(async (later) => {
    const { world } = await worldOfRun();
    const directory = await makeDataDirectory(world);
    later(() => directory.remove());
    const config = await readConfig(directory.config, {});
    const { storage } = await openFoundations(config, {});
    const [file, keys] = [join(config.dataDir, 'audit.ndjson'), join(config.dataDir, 'audit-keys.json')];
    const times = { keep: 0, export: 0 };
    try {
      tell(`keeping ${records} records`);
      times.keep = await secondsOf(() => keepRecords(storage, records));
      tell('taking them out');
      times.export = await secondsOf(() => takeOut(storage.audit, { file, keys }));
    } finally {
      await storage.close();
    }
    tell('verifying them');
    const verified = await verify(file, keys);
    const mebibytes = (await stat(file)).size / 2 ** 20;
    const failures = verified.records < records ? [`${verified.records} of ${records} records were verified`] : [];
    return { ...outcome({ ...verified, ...times, mebibytes }), failures };
  });
}

async function secondsOf(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

/** As the token endpoint keeps them: with the assertion that they are about, many in one commit. */
async function keepRecords({ assertions, audit }: Storage, records: number): Promise<void> {
  const now = Math.floor(Date.now() / 1000);
  const keep = async (number: number): Promise<void> => {
    const clientId = `client-${number % 1000}`;
    await assertions.spend({ clientId, jti: `${number}` }, now + 120, {
      ...{ type: 'token.issuing', at: now, correlationId: number.toString(16).padStart(32, '0'), clientId, orgno: '310555037' },
      details: { amr: 'private_key_jwt', scopes: ['prove:bygg.read'], consumer_orgno: '310555037', lifetime: 120 },
    });
  };
  for (let kept = 0; kept < records; kept += TOGETHER) {
    await Promise.all(Array.from({ length: Math.min(TOGETHER, records - kept) }, (_, n) => keep(kept + n)));
  }
  await audit.seal(now);
}

async function takeOut(audit: Audit, { file, keys }: { readonly file: string; readonly keys: string }): Promise<void> {
  const { checkpoint } = await audit.end();
  const written = async function* (): AsyncGenerator<string> {
    for await (const line of audit.lines(checkpoint.sequence)) yield `${writeLine(line)}\n`;
  };
  await pipeline(written, createWriteStream(file));
  const set = (await audit.keys()).map(({ kid, jwk }) => ({ ...jwk, kid, use: 'sig', alg: 'EdDSA' }));
  await writeFile(keys, JSON.stringify({ keys: set }));
}

type Verified = { readonly records: number; readonly checkpoints: number; readonly verify: number; readonly peak: number };

async function verify(file: string, keys: string): Promise<Verified> {
  const began = performance.now();
  const args = [PORTVAKT, 'audit', 'verify', file, '--keys', keys, '-o', 'json'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  const said: Buffer[] = [];
  child.stdout.on('data', (chunk) => said.push(chunk));
  let peak = 0;
  while (child.exitCode === null && child.signalCode === null) {
    peak = Math.max(peak, peakSize(child.pid ?? 0) ?? 0);
    await pause(LOOK);
  }
  const [code, signal] = await ended;
  if (code !== 0) throw new Error(`portvakt audit verify ended with ${code ?? signal}`);
  const { records, checkpoints } = JSON.parse(Buffer.concat(said).toString());
  return { records, checkpoints, verify: (performance.now() - began) / 1000, peak: peak / 2 ** 20 };
}

function outcome(
  found: Verified & { readonly keep: number; readonly export: number; readonly mebibytes: number },
): Omit<Outcome, 'failures'> {
  const { records, checkpoints, peak, mebibytes } = found;
  const each = (seconds: number): string => `${seconds.toFixed(1)} s, ${((seconds * 1e6) / records).toFixed(0)} µs a record`;
  return {
    lines: [
      `${records} records, ${checkpoints} checkpoints, ${mebibytes.toFixed(0)} MiB as lines`,
      `kept durably, ${TOGETHER} in a commit: ${each(found.keep)}`,
      `taken out: ${each(found.export)}`,
      `portvakt audit verify: ${each(found.verify)}, at most ${peak.toFixed(0)} MiB of memory`,
    ],
    json: {
      ...{ records, checkpoints, mebibytes, peak_mebibytes: peak },
      ...{ keep_seconds: found.keep, export_seconds: found.export, verify_seconds: found.verify },
    },
  };
}
