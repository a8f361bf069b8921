import { fromBER } from 'asn1js';
import forge from 'node-forge';
import { Certificate, CertificateChainValidationEngine } from 'pkijs';
import { createCertificates } from '../../keys/x509/trust.ts';
import { entry } from '../../test/keys/pki.ts';

/** Somebody who judges chains: the leaf, the issuing CA and the root, in DER, below that root. */
export type ChainValidator = {
  readonly name: string;
  /** Why it has no part in what is measured with this kind of key. */
  cannot?(kind: string): string | undefined;
  /** Prepares itself for a root, as a server does when it starts. @returns judges of one chain */
  prepare(root: Buffer, at: Date): ChainJudge;
};

export type ChainJudge = {
  /** From the octets that come with a request, never seen before. @throws when the chain does not hold */
  cold(chain: readonly Buffer[]): Promise<void>;
  /** The same chain again, by whatever may be kept of it. @returns how to judge it once more */
  again(chain: readonly Buffer[]): () => Promise<void>;
};

/** As the server has it: read, path, profile and organisation. */
const portvakt: ChainValidator = {
  name: 'portvakt',
  prepare(root, at) {
    const certificates = createCertificates([entry('anchor', root)], { environment: 'test' });
    const now = Math.floor(at.getTime() / 1000);
    const cold = async (chain: readonly Buffer[]): Promise<void> => void (await certificates.judge(chain, now));
    return { cold, again: (chain) => () => cold(chain) };
  },
};

const nodeForge: ChainValidator = {
  name: 'node-forge',
  cannot: (kind) => (kind.startsWith('RSA') ? undefined : 'knows RSA alone'),
  prepare(root, at) {
    const read = (der: Buffer) => forge.pki.certificateFromAsn1(forge.asn1.fromDer(der.toString('latin1')));
    const store = forge.pki.createCaStore([read(root)]);
    const judge = (chain: forge.pki.Certificate[]): void =>
      void forge.pki.verifyCertificateChain(store, chain, { validityCheckDate: at });
    return {
      cold: async (chain) => judge(chain.map(read)),
      again: (chain) => {
        const parsed = chain.map(read);
        return async () => judge([...parsed]);
      },
    };
  },
};

const pkijs: ChainValidator = {
  name: 'pkijs',
  prepare(root, at) {
    const read = (der: Buffer) => new Certificate({ schema: fromBER(new Uint8Array(der)).result });
    const trustedCerts = [read(root)];
    const judge = async (certs: Certificate[]): Promise<void> => {
      // Its chains end with the leaf.
      const engine = new CertificateChainValidationEngine({ trustedCerts, certs: certs.toReversed(), checkDate: at });
      const { result, resultMessage } = await engine.verify();
      if (!result) throw new Error(`pkijs: ${resultMessage}`);
    };
    return {
      cold: (chain) => judge(chain.map(read)),
      again: (chain) => {
        const parsed = chain.map(read);
        return () => judge(parsed);
      },
    };
  },
};

export const VALIDATORS: readonly ChainValidator[] = [portvakt, nodeForge, pkijs];
