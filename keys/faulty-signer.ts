import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { AccessTokenClaims } from '../server/core/claims.ts';
import type { TokenSigner } from '../server/core/ports.ts';
import type { SigningAlgorithm } from '../server/core/signing-algorithm.ts';
import { activeKey } from '../server/core/signing-key.ts';
import { faultyClaims, type TokenFault, tamperedClaims } from '../server/core/token-fault.ts';
import type { KeyPlace } from './key-change.ts';
import { KIND_OF } from './key-kind.ts';
import { makeSignature } from './signer.ts';

/** Makes signers whose tokens have one fault each. Only development and test issuers have one. */
export type FaultySigners = (fault: TokenFault) => TokenSigner;

type SigningKey = { readonly kid: string; readonly alg: SigningAlgorithm; readonly key: KeyObject };

/** Signers of tokens with faults, by the keys that sign now: with everything else right, they are the issuer's own. */
export function createFaultySigners(place: KeyPlace): FaultySigners {
  return (fault) => ({
    sign: async (claims, alg) => signFaulty(claims as AccessTokenClaims, fault, await openKey(place, alg)),
  });
}

/** @throws {KeyUnusable | StoreUnavailable} */
async function openKey({ storage, folder }: KeyPlace, alg: SigningAlgorithm): Promise<SigningKey> {
  const active = activeKey(await storage.signingKeys.list(), alg);
  if (!active) throw new Error(`no key signs with ${alg}: it is not set`);
  const { kid, state } = active;
  return { kid, alg, key: await folder.open(kid, { kinds: [KIND_OF[alg]], states: [state] }) };
}

function signFaulty(claims: AccessTokenClaims, fault: TokenFault, signing: SigningKey): string {
  const { kid, alg, key } = signing;
  const said = faultyClaims(claims, fault);
  const bySigner = (signer: KeyObject) => (input: Buffer) => makeSignature(alg, input, signer);
  switch (fault) {
    case 'wrong-signature':
      return compact({ kid, alg }, said, bySigner(another(key)));
    case 'unknown-kid':
      return compact({ kid: 'unknown', alg }, said, bySigner(key));
    case 'wrong-algorithm':
      return key.asymmetricKeyType === 'rsa'
        ? compact({ kid, alg: 'RS512' }, said, (input) => sign('sha512', input, key))
        : asSecret({ kid, said, key });
    case 'public-key-as-secret':
      return asSecret({ kid, said, key });
    case 'unsigned':
      return compact({ kid, alg: 'none' }, said, () => Buffer.alloc(0));
    case 'tampered':
      return compact({ kid, alg }, said, bySigner(key)).replace(/\.[^.]+\./, `.${encode(tamperedClaims(claims))}.`);
    default:
      return compact({ kid, alg }, said, bySigner(key));
  }
}

/** As one who takes a verifier for a fool: it holds the public key, and lets the token say how it is used. RFC 8725 §2.1 */
function asSecret({ kid, said, key }: { readonly kid: string; readonly said: object; readonly key: KeyObject }): string {
  const secret = createPublicKey(key).export({ type: 'spki', format: 'pem' });
  return compact({ kid, alg: 'HS256' }, said, (input) => createHmac('sha256', secret).update(input).digest());
}

/** A stranger's key of the same kind. */
function another({ asymmetricKeyType: kind }: KeyObject): KeyObject {
  if (kind === 'rsa') return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  if (kind === 'ec') return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  return generateKeyPairSync('ed25519').privateKey;
}

function compact(header: object, claims: object, signature: (input: Buffer) => Buffer): string {
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${signature(Buffer.from(input)).toString('base64url')}`;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
