import { execFile } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import { promisify } from 'node:util';

/**
 * What one RSA-2048 signature costs on this machine at this moment, in microseconds of CPU: the floor of an RS256 token, and the
 * unit in which its cost is told. Measured in a process of its own.
 */
export async function measureSignature(): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, [import.meta.filename]);
  return Number(stdout);
}

const WARM_UP = 200;
const SIGNATURES = 2_000;

function cpuPerSignature(): number {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const input = Buffer.alloc(600, 'a');
  const repeat = (times: number): void => {
    for (let n = 0; n < times; n++) sign('sha256', input, privateKey);
  };
  repeat(WARM_UP);
  const before = process.cpuUsage();
  repeat(SIGNATURES);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / SIGNATURES;
}

if (import.meta.main) process.stdout.write(`${cpuPerSignature()}\n`);
