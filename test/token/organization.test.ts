import t from 'tap';
import { isNorwegianNumber, isPersonNumber, parseOrganizationNumber, party } from '../../server/core/organization.ts';

t.test('PV-SEC-021 a Norwegian organisation number is nine digits with a valid check digit (contract §0.4)', async (t) => {
  for (const number of ['310555010', '310555029', '310555037', '310555045', '310555053', '310555061', '910753614'])
    t.ok(isNorwegianNumber(number), number);
  for (let last = 0; last <= 9; last++) t.notOk(isNorwegianNumber(`31055507${last}`), `31055507${last} cannot exist`);
  for (const text of ['310555038', '31055503', '3105550370', ' 310555037', '310555037\n', '٣١٠٥٥٥٠٣٧', '', '0192:310555037'])
    t.notOk(isNorwegianNumber(text), JSON.stringify(text));
});

t.test('an organisation number is read bare and with its register in front, and carried bare', async (t) => {
  t.equal(parseOrganizationNumber('310555037'), '310555037');
  t.equal(parseOrganizationNumber('0192:310555037'), '310555037');
  for (const text of ['0192:310555038', '0192:0192:310555037', '0007:310555037', 'NO310555037'])
    t.equal(parseOrganizationNumber(text), undefined, text);
});

t.test('a party of a token is its authority and its number with the register in front (contract §8.1)', async (t) => {
  t.same(party('310555037'), { authority: 'iso6523-actorid-upis', ID: '0192:310555037' });
  t.same(party('0007:5560000001'), { authority: 'iso6523-actorid-upis', ID: '0007:5560000001' });
});

t.test(
  'PV-SEC-081 a national identity number has eleven digits, both control digits and a possible date (contract §0.4)',
  async (t) => {
    for (const number of ['01819010001', '01819010192']) t.ok(isPersonNumber(number), number);
    for (const number of [
      '01819010002',
      '01819010191',
      '0181901000',
      '018190100011',
      '00000000000',
      '99999999999',
      '',
      'abcdefghijk',
    ])
      t.notOk(isPersonNumber(number), number);
  },
);
