import { generateKeyPair, type KeyObject } from 'node:crypto';
import { constants } from 'node:fs';
import { access, rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { type Command, Option } from 'commander';
import { calculateJwkThumbprint, exportJWK, type JWK } from 'jose';
import { publicFileOf } from '../credential.ts';
import { Failure } from '../failure.ts';
import { document } from '../help.ts';
import type { View } from '../output.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt key generate` */
export function define(command: Command): void {
  command.description('Makes keys for clients. The private key stays on this machine.');
  const generate = command.command('generate').summary('make a key pair');
  generate
    .description('Makes an RSA key pair: the private key as PEM with mode 0600, the public one as a JWK beside it.')
    .option('--out <file>', 'file of the private key, which must not exist', 'key.pem')
    .option('--kid <kid>', 'name of the key; default: its RFC 7638 thumbprint')
    .addOption(new Option('--bits <bits>', 'size of the key').choices(['2048', '3072', '4096']).default('2048'))
    .action(async (options: GenerateOptions) => makeKey(options, Terminal.of(generate)));
  document(generate, {
    examples: [
      { does: './bygg.pem and ./bygg.pub.jwk', run: 'portvakt key generate --out ./bygg.pem' },
      { does: 'with a name and size of your own', run: 'portvakt key generate --out ./seal.pem --kid bygg-2027 --bits 3072' },
    ],
    seeAlso: ['portvakt token get', 'portvakt assertion create'],
  });
}

type GenerateOptions = { readonly out: string; readonly kid?: string; readonly bits: string };

type MadeKey = {
  readonly kid: string;
  readonly bits: number;
  readonly private_key_file: string;
  readonly public_key_file: string;
  readonly jwk: JWK;
};

async function makeKey({ out, kid, bits }: GenerateOptions, terminal: Terminal): Promise<void> {
  const publicFile = publicFileOf(out);
  for (const file of [out, publicFile]) await assertAbsent(file);
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: Number(bits) });
  const jwk = await toPublicJwk(publicKey, kid);
  await writeBoth({ out, privateKey }, { publicFile, jwk });
  const answer = { kid: jwk.kid, bits: Number(bits), private_key_file: out, public_key_file: publicFile, jwk };
  terminal.say(`${out} is the private key: it stays here, and only you can read it`);
  terminal.say(`${publicFile} is the public key: register it on the client`);
  await terminal.answer(answer, view);
  terminal.next(`portvakt token get --client-id ID --key ${out} --scope SCOPE --issuer URL`);
}

async function assertAbsent(file: string): Promise<void> {
  const exists = await access(file, constants.F_OK).then(
    () => true,
    () => false,
  );
  if (exists)
    throw new Failure('conflict', `${file} exists, and no key is overwritten`, { fix: 'choose another name with --out' });
}

async function toPublicJwk(key: KeyObject, kid: string | undefined): Promise<JWK & { kid: string }> {
  const jwk = await exportJWK(key);
  return { ...jwk, kid: kid ?? (await calculateJwkThumbprint(jwk)), use: 'sig', alg: 'RS256' };
}

/** Both files or neither. */
async function writeBoth(
  { out, privateKey }: { readonly out: string; readonly privateKey: KeyObject },
  { publicFile, jwk }: { readonly publicFile: string; readonly jwk: JWK },
): Promise<void> {
  await writeFile(out, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' });
  try {
    await writeFile(publicFile, `${JSON.stringify(jwk, null, 2)}\n`, { flag: 'wx' });
  } catch (error) {
    await rm(out);
    throw error;
  }
}

const view: View<MadeKey> = {
  fields: [{ name: 'kid' }, { name: 'bits' }, { name: 'private_key_file' }, { name: 'public_key_file' }, { name: 'jwk' }],
  name: ({ kid }) => `key/${kid}`,
  text: ({ jwk }) => `${JSON.stringify(jwk, null, 2)}\n`,
};
