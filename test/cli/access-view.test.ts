import t from 'tap';
import { type Surroundings, toAccessRow, usedView } from '../../cli/access-view.ts';
import type { Delegation } from '../../cli/acting-shapes.ts';
import { render } from '../../cli/output.ts';
import { colorsFor } from '../../cli/style.ts';

const CLOCK = { now: Date.parse('2026-06-01T12:00:00Z') / 1000, utc: true };
const SCOPE = 'prove:bygg.read';

const access = (consumer_orgno: string, state = 'APPROVED') => ({
  ...{ scope: SCOPE, state, owner_orgno: '310555029', owner_organization_name: 'Prøveetaten', consumer_orgno },
  ...{ consumer_organization_name: 'Bygg', created: '2026-01-04T00:00:00Z', last_updated: '2026-01-04T00:00:00Z' },
});
const delegation = (supplier_orgno: string, more: Partial<Delegation> = {}): Delegation => ({
  ...{ id: supplier_orgno, consumer_orgno: '310555037', supplier_orgno, scopes: [SCOPE], state: 'ACTIVE' },
  ...{ created: '2026-02-01T00:00:00Z', last_updated: '2026-02-01T00:00:00Z', ...more },
});
const count = (tokens: number, parties: object) => ({ scope: SCOPE, tokens, last_token: '2026-06-01T11:57:00Z', ...parties });

async function shown(surroundings: Partial<Surroundings>, ...accesses: ReturnType<typeof access>[]): Promise<string> {
  const known = { counts: undefined, delegations: undefined, names: new Map(), ...surroundings };
  const items = accesses.map((each) => toAccessRow(each, known));
  return render({ items, next: null }, usedView(CLOCK), { format: 'table', colors: colorsFor({}, 'never') });
}

const THREE = [
  delegation('310555045', { valid_to: '2027-01-01T00:00:00Z' }),
  delegation('310555061', { state: 'FUTURE', valid_from: '2026-07-01T00:00:00Z' }),
  delegation('310555053', { scopes: ['prove:annen.read'] }),
];

t.test('suppliers stand beneath their consumer, with period and tokens; one for another scope does not', async (t) => {
  const text = await shown(
    {
      delegations: new Map([['310555037', THREE]]),
      names: new Map([['310555045', 'Demo Integrasjon']]),
      counts: [
        count(320, { consumer_orgno: '310555037' }),
        count(40_880, { consumer_orgno: '310555037', supplier_orgno: '310555045' }),
      ],
    },
    access('310555037'),
    access('310555053'),
  );
  t.equal(
    text,
    `ORG            NAME              SCOPE            STATE                       SINCE       TOKENS  LAST
310555037      Bygg              prove:bygg.read  approved                    2026-01-04  41200   3 minutes ago, 2026-06-01 11:57:00Z
  └ 310555045  Demo Integrasjon                   delegated until 2026-12-31  2026-02-01  40880   3 minutes ago, 2026-06-01 11:57:00Z
  └ 310555061                                     future                      2026-07-01  0       never
310555053      Bygg              prove:bygg.read  approved                    2026-01-04  0       never
`,
  );
});

t.test('beneath an access that is withdrawn nobody acts', async (t) => {
  t.notMatch(await shown({ delegations: new Map([['310555037', THREE]]) }, access('310555037', 'DENIED')), '└');
});

t.test('suppliers that may not be read are told from none', (t) => {
  const known = { counts: undefined, names: new Map() };
  t.equal(toAccessRow(access('310555037'), { ...known, delegations: undefined }).suppliers, null);
  t.same(toAccessRow(access('310555037'), { ...known, delegations: new Map() }).suppliers, []);
  t.end();
});
