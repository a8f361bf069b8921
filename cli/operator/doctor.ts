import type { Command } from 'commander';
import { document } from '../help.ts';
import { Terminal } from '../terminal.ts';
import type { DoctorOptions } from './run-doctor.ts';

/** `portvakt doctor`: what is wrong on this host, and at the server. It changes nothing. */
export function define(command: Command): void {
  command
    .description(
      'Looks for what is wrong: on the host at configuration, permissions, store, keys, trust, TLS, clock and outbound, at a server at metadata, keys and token. It changes nothing. Warnings fail nothing; a problem ends it with 11.',
    )
    .option('--config <file>', 'configuration of the host; default: portvakt.yaml here or in a folder above, if there is one')
    .option('--server <url>', "server to ask; default: the context's")
    .option('--offline', 'ask nobody over the network')
    .action(async (options: DoctorOptions) => (await import('./run-doctor.ts')).doctor(options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'the server of the context, and this host where it serves', run: 'portvakt doctor' },
      { does: 'the host alone, before a start', run: 'portvakt doctor --offline --config ./portvakt.yaml' },
    ],
    seeAlso: ['portvakt serve', 'portvakt whoami', 'portvakt help exit-codes'],
  });
}
