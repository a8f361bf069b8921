import type { Element } from '@xmldom/xmldom';
import type { EpochSeconds } from '../../server/core/time.ts';
import { type Name, NS, onlyChild, textOf } from './elements.ts';
import { ListRefusal } from './refusal.ts';
import { nameIn, readInstant } from './services.ts';

/** What a list says of itself. ETSI TS 119 612 §5.3 */
export type Scheme = {
  readonly operator: string;
  /** As the EU writes countries: EL is Greece. §5.3.10 */
  readonly territory: string;
  /** Higher with each list. §5.3.2 */
  readonly sequence: number;
  readonly issued: EpochSeconds;
  /** Until when the list can be in force; undefined for one that was closed. §5.3.15 */
  readonly nextUpdate: EpochSeconds | undefined;
};

const tsl = (name: string): Name => [NS.list, name];
const TAG = 'http://uri.etsi.org/19612/TSLTag';
const OF_ONE_COUNTRY = 'http://uri.etsi.org/TrstSvc/TrustedList/TSLType/EUgeneric';
/** Before and since TS 119 612 v2.3.1. §5.3.1 */
const VERSIONS: readonly string[] = ['5', '6'];

/** @throws {ListRefusal} list_type for a list of lists and other kinds, member */
export function readScheme(root: Element): Scheme {
  const scheme = onlyChild(root, tsl('SchemeInformation'));
  const text = (name: string) => textOf(onlyChild(scheme, tsl(name)));
  const type = text('TSLType');
  if (root.getAttribute('TSLTag') !== TAG || type !== OF_ONE_COUNTRY) throw new ListRefusal('list_type', type);
  const version = text('TSLVersionIdentifier');
  if (!VERSIONS.includes(version)) throw new ListRefusal('list_type', `version ${version}`);
  const sequence = text('TSLSequenceNumber');
  if (!/^[1-9]\d{0,8}$/.test(sequence)) throw new ListRefusal('member', `TSLSequenceNumber "${sequence}"`);
  const territory = text('SchemeTerritory');
  if (!/^[A-Z]{2}$/.test(territory)) throw new ListRefusal('member', `SchemeTerritory "${territory}"`);
  return {
    operator: nameIn(onlyChild(scheme, tsl('SchemeOperatorName'))),
    ...{ territory, sequence: Number(sequence) },
    issued: readInstant(onlyChild(scheme, tsl('ListIssueDateTime'))),
    nextUpdate: readNextUpdate(onlyChild(scheme, tsl('NextUpdate'))),
  };
}

/** Empty says that there will be no other one. §5.3.15 */
function readNextUpdate(element: Element): EpochSeconds | undefined {
  if (element.firstChild === null) return undefined;
  return readInstant(onlyChild(element, tsl('dateTime')));
}

/** @throws {ListRefusal} expired, for a list whose time is over or has not come; one that was closed never is in force */
export function assertInForce({ issued, nextUpdate }: Scheme, now: EpochSeconds): void {
  if (nextUpdate === undefined) throw new ListRefusal('expired', 'a list that was closed');
  if (nextUpdate <= now) throw new ListRefusal('expired', `one that ended at ${instant(nextUpdate)}`);
  if (issued > now) throw new ListRefusal('expired', `one of ${instant(issued)}, which is ahead`);
}

function instant(at: EpochSeconds): string {
  return `${new Date(at * 1000).toISOString().slice(0, 19)}Z`;
}
