import { type Command, Option } from 'commander';
import { CONTRACT_ALGORITHM, SIGNING_ALGORITHMS } from '../../server/core/signing-algorithm.ts';
import { document } from '../help.ts';
import { Terminal } from '../terminal.ts';
import type { ActOptions, GenerateOptions, ListOptions } from './run-signing-key.ts';

/** `portvakt signing-key …`: on the host, beside the store; a server that runs follows. */
export function define(command: Command): void {
  command.description("Looks after the server's signing keys. On the host, beside the store; the server may run meanwhile.");
  defineList(command.command('list').summary('show the keys'));
  defineStatus(command.command('status').summary('tell what each key waits for, and open its file'));
  defineGenerate(command.command('generate').summary('make a key'));
  definePublish(command.command('publish').summary('show a key in /jwk; it does not sign yet'));
  defineActivate(command.command('activate').summary('let a key sign'));
  defineRetire(command.command('retire').summary('take a key out of use'));
  defineRewrap(command.command('rewrap').summary('seal all keys with the master key named now'));
}

const MORE = ['docs/how-to/rotate-signing-keys.md'];

function configured(command: Command): Command {
  return command.option('--config <file>', 'configuration; default: portvakt.yaml here or in a folder above');
}

function emergency(command: Command): Command {
  return command
    .option('--emergency', 'skip the states and times between; needs --reason')
    .option('--reason <text>', 'why, for the audit');
}

function defineList(command: Command): void {
  configured(command.description('Shows the signing keys, oldest first.'))
    .option('--all', 'those that were removed, too')
    .action(async (options: ListOptions) => (await import('./run-signing-key.ts')).list(options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'which keys there are', run: 'portvakt signing-key list' },
      { does: 'for a program, with those of the past', run: 'portvakt signing-key list --all -o json' },
    ],
    seeAlso: ['portvakt signing-key status', ...MORE],
  });
}

function defineStatus(command: Command): void {
  configured(
    command.description('Tells what each key waits for, and sees that its file can be opened. Ends with 11 when one cannot.'),
  ).action(async (options: ListOptions) => (await import('./run-signing-key.ts')).status(options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'what comes next', run: 'portvakt signing-key status' },
      { does: 'for a monitor', run: 'portvakt signing-key status -o json' },
    ],
    seeAlso: ['portvakt doctor', ...MORE],
  });
}

function defineGenerate(command: Command): void {
  configured(command.description('Makes a key. Nobody is shown it until it is published.'))
    .addOption(new Option('--alg <name>', 'what it signs with').choices([...SIGNING_ALGORITHMS]).default(CONTRACT_ALGORITHM))
    .option('--publish', 'publish it at once; it may sign 24 hours later')
    .action(async (options: GenerateOptions) => (await import('./run-signing-key.ts')).generate(options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'the next key, published now', run: 'portvakt signing-key generate --publish' },
      { does: 'one that is backed up before anybody sees it', run: 'portvakt signing-key generate --alg ES256' },
    ],
    seeAlso: ['portvakt signing-key activate', ...MORE],
  });
}

function definePublish(command: Command): void {
  configured(command.argument('<kid>').description('Shows a key in /jwk. It may sign 24 hours later.')).action(
    async (kid: string, options: ActOptions) =>
      (await import('./run-signing-key.ts')).publish(kid, options, Terminal.of(command)),
  );
  document(command, {
    examples: [
      { does: 'a key that was made just now', run: 'portvakt signing-key publish "$(portvakt signing-key generate -q)"' },
      {
        does: 'with a configuration that lies elsewhere',
        run: 'portvakt signing-key publish --config ./portvakt.yaml \\\n  "$(portvakt signing-key generate -q --config ./portvakt.yaml)"',
      },
    ],
    seeAlso: ['portvakt signing-key list', ...MORE],
  });
}

function defineActivate(command: Command): void {
  emergency(
    configured(
      command
        .argument('[kid]', 'default: the one that has been published longest')
        .description('Lets a key sign that has been published for its time. The one that signed is retired in the same moment.'),
    ),
  )
    .addOption(
      new Option('--alg <name>', 'whose key, where none is named').choices([...SIGNING_ALGORITHMS]).default(CONTRACT_ALGORITHM),
    )
    .option('--if-due', 'do nothing, and end with 0, when no key may sign yet')
    .action(async (kid: string | undefined, options: ActOptions) =>
      (await import('./run-signing-key.ts')).activate(kid, options, Terminal.of(command)),
    );
  document(command, {
    examples: [
      { does: 'daily, from cron', run: 'portvakt signing-key activate --if-due' },
      {
        does: 'a new key at once, because the one that signs is weak',
        run: 'portvakt signing-key activate --emergency --reason "weak random numbers" \\\n  "$(portvakt signing-key generate --publish -q)"',
      },
    ],
    seeAlso: ['portvakt signing-key status', ...MORE],
  });
}

function defineRetire(command: Command): void {
  emergency(
    configured(
      command
        .argument('<kid>')
        .description(
          'Takes a key out of use. With --emergency it is gone from /jwk at once, its file is deleted, and another signs in its place.',
        ),
    ),
  )
    .option('--yes', 'do not ask')
    .action(async (kid: string, options: ActOptions) =>
      (await import('./run-signing-key.ts')).retire(kid, options, Terminal.of(command)),
    );
  document(command, {
    examples: [
      {
        does: 'a key that nobody has been shown',
        run: 'portvakt signing-key retire --yes "$(portvakt signing-key generate -q)"',
      },
      {
        does: 'a key that was stolen',
        run: 'portvakt signing-key retire --emergency --reason "a disk was copied" --yes \\\n  "$(portvakt signing-key generate --publish -q)"',
      },
    ],
    seeAlso: ['docs/how-to/stolen-signing-key.md', ...MORE],
  });
}

function defineRewrap(command: Command): void {
  configured(
    command.description(
      "Seals all private keys, the audit's too, with keys.master that keys.former has sealed. It may be stopped at any step and run again.",
    ),
  ).action(async (options: ListOptions) => (await import('./run-signing-key.ts')).rewrapAll(options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'after keys.master and keys.former have been named, and reloaded', run: 'portvakt signing-key rewrap' },
      { does: 'how many keys it was, for a program', run: 'portvakt signing-key rewrap -o json' },
    ],
    seeAlso: MORE,
  });
}
