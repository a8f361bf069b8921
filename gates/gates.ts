import { corpora } from './corpora.ts';
import { fuzzCertificates } from './fuzz-certificates.ts';
import type { Gate } from './gate.ts';
import { killUnderLoad } from './kill-under-load.ts';
import { oneTokenEach } from './one-token-each.ts';
import { opensslVerify } from './openssl-verify.ts';

/** All gates, in the order in which they run. */
export const GATES: readonly Gate[] = [killUnderLoad, oneTokenEach, corpora, opensslVerify, fuzzCertificates];
