import type { Command } from 'commander';
import { document } from '../help.ts';
import { Terminal } from '../terminal.ts';
import type { BootstrapOptions } from './run-bootstrap.ts';

/** `portvakt admin bootstrap`: on the host, once. */
export function define(command: Command): void {
  command.description('Makes what has to be there before anybody can log in: the operator. On the host, beside the store.');
  defineBootstrap(command.command('bootstrap').summary('make the operator and its first client, once'));
}

function defineBootstrap(command: Command): void {
  command
    .description("Makes the operator's organisation and its first client, once. The server may run meanwhile.")
    .requiredOption('--orgno <orgno>', "the operator's organisation number")
    .requiredOption('--name <name>', 'what the operator is called')
    .requiredOption('--public-key <file>', 'public key of its first client, JWK or PEM')
    .option('--config <file>', 'configuration; default: portvakt.yaml here or in a folder above')
    .action(async (options: BootstrapOptions) => (await import('./run-bootstrap.ts')).bootstrap(options, Terminal.of(command)));
  document(command, {
    examples: [
      {
        does: 'after portvakt init and portvakt key generate --out ./bygg.pem',
        run: 'portvakt admin bootstrap --orgno 310555010 --name "Fiktiv Tokendrift" \\\n  --public-key ./bygg.pub.jwk',
      },
      {
        does: 'with a configuration that lies elsewhere',
        run: 'portvakt admin bootstrap --orgno 310555010 --name "Fiktiv Tokendrift" \\\n  --public-key ./bygg.pub.jwk --config ./test/portvakt.yaml',
      },
    ],
    seeAlso: ['portvakt init', 'portvakt login', 'portvakt org create'],
  });
}
