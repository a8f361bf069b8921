import { decodeJwt } from 'jose';
import t from 'tap';
import { actingCommands } from '../../cli/operator/dev-acting.ts';
import { openOffice } from './administrators.ts';

t.setTimeout(60_000);

/** The words of a line of shell that quotes with ' alone, and what its comment says. */
function read(line: string): { readonly args: readonly string[]; readonly says: string } {
  const [command = '', says = ''] = line.split('   # ');
  return { args: [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare = '']) => quoted ?? bare), says };
}

/** What the customer is asked to run. */
function toDelegate(args: readonly string[]): string {
  const flag = (name: string) => args[args.indexOf(name) + 1];
  return `ask ${flag('--for')} to run:\nportvakt delegation give ${flag('--scope')} --to 310555045`;
}

t.test('each command for acting for another that dev prints gives what it says', async (t) => {
  const { batch } = await openOffice(t);
  const commands = actingCommands().map(read);
  const outcomes = await batch(commands.map(({ args }) => [...args, '-o', 'json']));
  for (const [place, { args, says }] of commands.entries()) {
    const { code, stdout, stderr } = outcomes[place] ?? { code: null, stdout: '', stderr: 'no outcome' };
    const [refusal] = /^(MP|PV)-\d+/.exec(says) ?? [];
    const name = `${args.join(' ')}   # ${says}`;
    if (refusal !== undefined) {
      t.equal(code, 9, name);
      t.match(JSON.parse(stderr).error, { code: refusal });
      if (refusal === 'MP-251') t.match(JSON.parse(stderr).error.fix, toDelegate(args));
    } else {
      t.equal(code, 0, `${name}: ${stderr}`);
      const { supplier, authorization_details } = decodeJwt(JSON.parse(stdout).access_token);
      t.ok(args.includes('--for') ? supplier : authorization_details, 'and the token says so');
    }
  }
});

t.test('there is a command for every case of the made-up world', (t) => {
  t.same(
    actingCommands().map((line) => read(line).says),
    [
      'delegated',
      'MP-251, the delegation has expired',
      'MP-251, it is revoked',
      'MP-251, there is none',
      'a system user',
      'a system user of another customer',
      "that customer's other one",
      'MP-303, there is none',
      'a consent',
      'MP-303, expired',
      'MP-303, withdrawn',
      'MP-303, given to someone else',
    ],
  );
  t.end();
});
