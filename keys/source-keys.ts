import type { Signer } from '../server/core/ports.ts';
import { readPrivateKey } from './key-kind.ts';
import { createSigner } from './signer.ts';
import { publicJwk, thumbprint } from './thumbprint.ts';

/**
 * The private keys that this server signs its own assertions with, at the sources that it asks: by the names that the configuration
 * gives them. Each is known at the source under its RFC 7638 thumbprint.
 * @param files absolute paths, by name.
 * @throws {KeyUnusable} naming the file and the remedy. `PV-SEC-095`
 */
export function readSourceKeys(files: Readonly<Record<string, string>>): ReadonlyMap<string, Signer> {
  return new Map(
    Object.entries(files).map(([name, file]) => {
      const key = readPrivateKey(file);
      return [name, createSigner(thumbprint(publicJwk(key)), key)];
    }),
  );
}
