import { type Command, InvalidArgumentError, Option } from 'commander';
import { type OrganizationNumber, parseOrganizationNumber } from '../server/core/organization.ts';
import { duration } from './duration.ts';
import { Failure } from './failure.ts';
import type { Part } from './shape.ts';

/** The flags of a command that shows a list. */
export type ListOptions = Part;

/** The flags of a command that changes something. */
export type ChangeOptions = { readonly dryRun?: boolean; readonly yes?: boolean; readonly wait?: number | true };

/** Adds the flags of {@link ListOptions}. */
export function listOptions(command: Command): Command {
  return command
    .addOption(new Option('--limit <n>', 'rows at most').argParser(count).default(50).helpGroup(PART))
    .addOption(new Option('--all', 'every row').conflicts('limit').helpGroup(PART))
    .addOption(new Option('--cursor <cursor>', 'go on after the part before: its next').helpGroup(PART));
}

const PART = 'Which part of the list:';

/** Adds the flags of {@link ChangeOptions}. A change is in force when it is answered, so there is nothing to wait for on one node. */
export function changeOptions(command: Command): Command {
  return command
    .addOption(new Option('--dry-run', 'let the server judge it, and store nothing').helpGroup(HOW))
    .addOption(new Option('-y, --yes', 'ask for no confirmation').helpGroup(HOW))
    .addOption(new Option('--wait [time]', 'return when it is in force on every node').argParser(duration).helpGroup(HOW));
}

const HOW = 'How it is done:';

/** Reads how many of something there should be. @throws {InvalidArgumentError} */
export function count(text: string): number {
  const number = Number(text);
  if (!/^[0-9]{1,6}$/.test(text) || number < 1) throw new InvalidArgumentError('It is a number from 1.');
  return number;
}

/** For flags that may be repeated, or take several values with commas between. */
export function several(text: string, before: readonly string[] = []): readonly string[] {
  return [
    ...before,
    ...text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  ];
}

/** What {@link readOrgno} understands. user-experience §2, rule 11 */
export const ORGNO_FORMS =
  'nine digits, with or without 0192:, or for another register its code and number, such as 0007:5560000001; check digit valid';

/** An organisation number in any of its forms, checked before anything is sent. @throws {Failure} `invalid` */
export function readOrgno(text: string): OrganizationNumber {
  const orgno = parseOrganizationNumber(text);
  if (orgno !== undefined) return orgno;
  throw new Failure('invalid', `"${text}" is not an organisation number; nothing was sent`, {
    fix: `it is ${ORGNO_FORMS}`,
  });
}
