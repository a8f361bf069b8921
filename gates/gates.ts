import { corpora } from './corpora.ts';
import { fuzzCertificates } from './fuzz-certificates.ts';
import type { Gate } from './gate.ts';
import { opensslVerify } from './openssl-verify.ts';
import { rotationUnderLoad } from './rotation-under-load.ts';
import { simulation } from './simulation/gate.ts';

/** All gates, in the order in which they run. */
export const GATES: readonly Gate[] = [rotationUnderLoad, corpora, opensslVerify, fuzzCertificates, simulation];
