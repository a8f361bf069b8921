import { generateKeyPairSync } from 'node:crypto';
import t from 'tap';
import { CachingVerifier } from '../../gates/caching-verifier.ts';
import { createSigner } from '../../keys/signer.ts';
import { publicJwk } from '../../keys/thumbprint.ts';

t.test(
  'a verifier of G6 believes what it has kept, asks for nothing before its time, and finds what it does not know',
  async (t) => {
    const [one, other] = ['one', 'other'].map((kid) => {
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      return {
        jwk: { ...publicJwk(privateKey), kid },
        signer: createSigner(kid, privateKey),
        as: (name: string) => createSigner(name, privateKey),
      };
    });
    if (!one || !other) throw new Error('two keys');
    let keys = [one.jwk];
    const verifier = new CachingVerifier(async () => ({ keys, maxAge: 3600 }));
    t.equal(await verifier.judge(await one.signer.sign({}), 0), undefined);
    t.match(await verifier.judge(await other.as('one').sign({}), 0), /the signature is not that of one/);
    keys = [one.jwk, other.jwk];
    t.match(await verifier.judge(await other.signer.sign({}), 3599), /the key other is not among those kept until 3600/);
    t.equal(verifier.fetches, 1);
    t.equal(await verifier.judge(await other.signer.sign({}), 3600), undefined);
    t.equal(verifier.fetches, 2);
  },
);
