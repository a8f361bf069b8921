import type { Consent, ConsentRight } from '../../core/consent.ts';
import type { Changes } from '../../core/ports.ts';
import type { Connection } from './database.ts';

/** The register of consents. */
export function consents(connection: Connection): Changes['consents'] {
  const find = connection.statement<[id: string], Row>(`${SELECT} WHERE id = $1`);
  const listOfRecipient = connection.statement<[toOrgno: string], Row>(`${SELECT} WHERE to_orgno = $1 ORDER BY id`);
  const listOfGiver = connection.statement<[giver: string], Row>(`${SELECT} WHERE giver = $1 ORDER BY id`);
  const put = connection.statement<[Row]>(`
    INSERT INTO consents (id, giver, to_orgno, consented, valid_to, revoked, rights)
    VALUES (@id, @from, @toOrgno, @consented, @validTo, @revoked, @rights)
    ON CONFLICT (id) DO UPDATE SET
      giver = excluded.giver, to_orgno = excluded.to_orgno, consented = excluded.consented, valid_to = excluded.valid_to,
      revoked = excluded.revoked, rights = excluded.rights`);
  return {
    find: async (id) => {
      const row = await find.get(id);
      return row && fromRow(row);
    },
    list: async (party) =>
      ('toOrgno' in party ? await listOfRecipient.all(party.toOrgno) : await listOfGiver.all(party.from)).map(fromRow),
    put: async (consent) => void (await put.run({ ...consent, rights: JSON.stringify(consent.rights) })),
  };
}

const SELECT = `
  SELECT id, giver AS "from", to_orgno AS "toOrgno", consented, valid_to AS "validTo", revoked, rights
  FROM consents`;

type Row = Omit<Consent, 'rights'> & { readonly rights: string };

function fromRow(row: Row): Consent {
  return { ...row, rights: JSON.parse(row.rights) as ConsentRight[] };
}
