import { NORWEGIAN_POLICIES } from '../keys/x509/policies.ts';

/** A CA of a preset: who it is, and what is said of it. */
export type PresetAuthority = {
  /** The common names of its certificate's subject and issuer. */
  readonly subject: string;
  readonly issuer: string;
  readonly profile: string;
  /** Of these one must stand in a certificate; the profile holds it. */
  readonly policies: readonly string[];
  readonly organization_namespaces: readonly string[];
  /** Empty where it is not known; the operator says it then. */
  readonly crl_urls: readonly string[];
  readonly revocation: string;
};

/** What is said of the CAs of one country's enterprise certificates, ready to be bound to their certificates. */
export type Preset = {
  readonly name: string;
  readonly environment: 'test' | 'production';
  readonly authorities: readonly PresetAuthority[];
};

/** The arcs of the two issuers' policies. Contract §8.4 */
const BUYPASS = '2.16.578.1.26.';
const COMMFIDES = '2.16.578.1.29.';

type Told = Pick<PresetAuthority, 'subject' | 'issuer' | 'profile' | 'crl_urls'> & { readonly arc: string };

/**
 * The issuers of Norwegian enterprise certificates, by environment. Their certificates are not ours to ship: who trusts an authority has
 * to have its certificate from the authority itself. Test lists may be gone for a day, so that they are asked for there without insisting;
 * what is revoked is refused all the same. Contract §8.3, §8.4
 */
export const PRESETS: readonly Preset[] = [
  preset('norway-production', 'production', [
    {
      ...{ subject: 'Buypass Class 3 CA G2 ST Business', issuer: 'Buypass Class 3 Root CA G2 ST', profile: 'seid-2.0' },
      ...{ arc: BUYPASS, crl_urls: ['http://crl.buypassca.com/BPCl3CaG2STBS.crl'] },
    },
    {
      ...{ subject: 'Buypass Class 3 CA G2 HT Business', issuer: 'Buypass Class 3 Root CA G2 HT', profile: 'seid-2.0' },
      ...{ arc: BUYPASS, crl_urls: [] },
    },
    {
      ...{ subject: 'Commfides Legal Person - G3', issuer: 'Commfides Root CA - G3', profile: 'seid-2.0' },
      ...{ arc: COMMFIDES, crl_urls: ['http://crl.commfides.com/G3/CommfidesLegalPersonCA-G3.crl'] },
    },
    {
      ...{ subject: 'Buypass Class 3 CA 3', issuer: 'Buypass Class 3 Root CA', profile: 'seid-1.0' },
      ...{ arc: BUYPASS, crl_urls: ['http://crl.buypass.no/crl/BPClass3CA3.crl'] },
    },
  ]),
  preset('norway-test', 'test', [
    {
      ...{
        subject: 'Buypass Class 3 Test4 CA G2 ST Business',
        issuer: 'Buypass Class 3 Test4 Root CA G2 ST',
        profile: 'seid-2.0',
      },
      ...{ arc: BUYPASS, crl_urls: ['http://crl.test4.buypassca.com/BPCl3CaG2STBS.crl'] },
    },
    {
      ...{ subject: 'Commfides Legal Person - G3 - TEST', issuer: 'Commfides Root CA - G3 - TEST', profile: 'seid-2.0' },
      ...{ arc: COMMFIDES, crl_urls: ['http://crl.test.commfides.com/G3/CommfidesLegalPersonCA-G3-TEST.crl'] },
    },
    {
      ...{ subject: 'Buypass Class 3 Test4 CA 3', issuer: 'Buypass Class 3 Test4 Root CA', profile: 'seid-1.0' },
      ...{ arc: BUYPASS, crl_urls: ['http://crl.test4.buypass.no/crl/BPClass3T4CA3.crl'] },
    },
  ]),
];

function preset(name: string, environment: Preset['environment'], told: readonly Told[]): Preset {
  const authorities = told.map(({ arc, ...authority }) => ({
    ...authority,
    policies: NORWEGIAN_POLICIES[environment].filter((policy) => policy.startsWith(arc)),
    organization_namespaces: ['NTRNO'],
    revocation: environment === 'production' ? 'require' : 'soft',
  }));
  return { name, environment, authorities };
}
