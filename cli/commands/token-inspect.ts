import type { Command } from 'commander';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { type Jwt, jwtView } from '../describe-jwt.ts';
import { Failure } from '../failure.ts';
import { document } from '../help.ts';
import { readJws } from '../input.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt token inspect`: header and claims of a token, times readable. Offline; nothing is verified, and it says so. */
export function define(command: Command): void {
  command
    .description('Shows what a token says: header, claims, and times in words. Verifies nothing.')
    .argument('[token]', 'the token, a file that holds it, or - for standard input', '-')
    .action(async (token: string) => inspect(token, Terminal.of(command)));
  document(command, {
    examples: [
      {
        does: 'a token that was just fetched',
        run: 'portvakt token get --client demo-consumer --scope prove:bygg.read -q |\n  portvakt token inspect -',
      },
      { does: 'a token in a file, as JSON', run: 'portvakt token inspect token.jwt -o json' },
    ],
    seeAlso: ['portvakt token verify'],
  });
}

async function inspect(argument: string, terminal: Terminal): Promise<void> {
  await terminal.answer(
    read(await readJws(argument)),
    jwtView(terminal.options, ({ yellow }) => `${yellow('not verified')}: anybody could have written this`),
  );
  terminal.next('portvakt token verify -   checks signature, issuer and times');
}

function read(token: string): Jwt {
  try {
    return { verified: false, header: decodeProtectedHeader(token), claims: decodeJwt(token) };
  } catch (cause) {
    throw new Failure('invalid', 'this is not a JWT', { fix: 'a token has three parts between two dots', cause });
  }
}
