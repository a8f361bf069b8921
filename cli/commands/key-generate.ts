import { type Command, Option } from 'commander';
import type { JWK } from 'jose';
import { document } from '../help.ts';
import { makeKeyFiles } from '../key-files.ts';
import type { View } from '../output.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt key generate`. Offline. */
export function define(command: Command): void {
  command
    .description('Makes an RSA key pair: the private key as PEM with mode 0600, the public one as a JWK beside it.')
    .option('--out <file>', 'file of the private key, which must not exist', 'key.pem')
    .option('--kid <kid>', 'name of the key; default: its RFC 7638 thumbprint')
    .addOption(bitsOption())
    .action(async (options: GenerateOptions) => makeKey(options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: './bygg.pem and ./bygg.pub.jwk', run: 'portvakt key generate --out ./bygg.pem' },
      { does: 'with a name and size of your own', run: 'portvakt key generate --out ./seal.pem --kid bygg-2027 --bits 3072' },
    ],
    seeAlso: ['portvakt client create', 'portvakt key add', 'portvakt key rotate'],
  });
}

/** The sizes that a key may have. */
export function bitsOption(): Option {
  return new Option('--bits <bits>', 'size of the key').choices(['2048', '3072', '4096']).default('2048');
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
  const wish = { bits: Number(bits), ...(kid !== undefined && { kid }) };
  const { publicFile, jwk } = await makeKeyFiles(out, wish);
  terminal.say(`${out} is the private key: it stays here, and only you can read it`);
  terminal.say(`${publicFile} is the public key: register it on the client`);
  const answer = { kid: jwk.kid, bits: wish.bits, private_key_file: out, public_key_file: publicFile, jwk: { ...jwk } as JWK };
  await terminal.answer(answer, view);
  terminal.next(`portvakt client create NAME --scope SCOPE --public-key ${publicFile}`);
}

const view: View<MadeKey> = {
  fields: [{ name: 'kid' }, { name: 'bits' }, { name: 'private_key_file' }, { name: 'public_key_file' }, { name: 'jwk' }],
  name: ({ kid }) => `key/${kid}`,
  text: ({ jwk }) => `${JSON.stringify(jwk, null, 2)}\n`,
};
