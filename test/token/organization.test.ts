import t from 'tap';
import {
  addRegister,
  isCanonicalNumber,
  isNorwegianNumber,
  isPersonNumber,
  parseOrganizationNumber,
  party,
} from '../../server/core/organization.ts';

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

t.test(
  'contract §8.2 numbers outside Norway are written with the code of their register, each held to its own check',
  async (t) => {
    for (const number of [
      '0007:5560000001',
      // Ericsson, Volvo, IKEA; a sole trader has the number of a person, and may begin with nought
      ...['0007:5560160680', '0007:5560125790', '0007:5560747551', '0007:0001010008'],
      // Novo Nordisk, Carlsberg, Danske Bank, Maersk
      ...['0184:24256790', '0184:61056416', '0184:61126228', '0184:22756214'],
      // Nokia, Kone, Fortum, UPM: the last has the check digit nought
      ...['0212:0112038-9', '0212:1927400-1', '0212:1463611-4', '0212:1041090-0'],
    ])
      t.equal(parseOrganizationNumber(number), number);
    for (const number of [
      '0007:5560000002',
      '0007:556000000',
      '0007:556000-0001',
      '5560000001',
      '0184:24256791',
      '0184:DK24256790',
      '24256790',
      '0212:0112038-8',
      '0212:01120389',
      '0212:1000001-0',
      '0212:٠112038-9',
      '0007:٥٥٦٠٠٠٠٠٠١',
      '0007:310555037',
      '0007:05560000001',
      '0007:165560000001',
      '0007: 5560000001',
      '0007:5560000001 ',
      '0007:556000000١',
      'SE:5560000001',
      'NTRSE:5560000001',
      '0184:2425679',
      '0184:242567900',
      '0212:112038-9',
      '0212:FI01120389',
      '9999:5560000001',
      '0192:',
      '0007',
      '0106:12345678',
      ':310555037',
      '0007:',
      '0007:5560000001\n',
      ' 0007:5560000001',
      '007:5560000001',
    ])
      t.equal(parseOrganizationNumber(number), undefined, JSON.stringify(number));
  },
);

t.test('PV-SEC-021 the form of every field is bare digits for Norway, and the code before all others', async (t) => {
  t.ok(isCanonicalNumber('310555037'));
  t.notOk(isCanonicalNumber('0192:310555037'));
  t.ok(isCanonicalNumber('0007:5560000001'));
  t.notOk(isCanonicalNumber('5560000001'));
});

t.test('contract §8.2 an operator can add a register, and change none that is known', async (t) => {
  addRegister('0191', /[0-9]{8}|X/);
  t.equal(parseOrganizationNumber('0191:12345678'), '0191:12345678');
  t.equal(parseOrganizationNumber('0191:123456789'), undefined);
  t.equal(parseOrganizationNumber('0191:12345678X'), undefined);
  addRegister('0192', /.*/);
  t.equal(parseOrganizationNumber('0192:310555038'), undefined);
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
