import { backupOfNodes, backupUnderLoad } from './backup-under-load.ts';
import { brokenDatabase } from './broken-database.ts';
import { brokenDisk } from './broken-disk.ts';
import { clockOfOneNode } from './clock-of-one-node.ts';
import { clockSteps } from './clock-steps.ts';
import { corpora } from './corpora.ts';
import { countersUnderKills } from './counters-under-kills.ts';
import { explained } from './explained/gate.ts';
import { fuzzAssertions } from './fuzz-assertions.ts';
import { fuzzBodies } from './fuzz-bodies.ts';
import { fuzzCertificates } from './fuzz-certificates.ts';
import type { Gate } from './gate.ts';
import { killNodes, killUnderLoad } from './kill-under-load.ts';
import { oneTokenEach, oneTokenOfNodes } from './one-token-each.ts';
import { opensslVerify } from './openssl-verify.ts';
import { powerCut } from './power-cut.ts';
import { rollingUpgrade, upgradeOfNodes } from './rolling-upgrade.ts';
import { rotationOfNodes, rotationUnderLoad } from './rotation-under-load.ts';
import { serialisable } from './serialisable.ts';
import { simulation } from './simulation/gate.ts';
import { withdrawnAccess } from './withdrawn-access.ts';

/** All gates, in the order in which they run. */
export const GATES: readonly Gate[] = [
  killUnderLoad,
  powerCut,
  countersUnderKills,
  oneTokenEach,
  brokenDisk,
  clockSteps,
  rotationUnderLoad,
  rollingUpgrade,
  corpora,
  opensslVerify,
  fuzzCertificates,
  fuzzAssertions,
  fuzzBodies,
  explained,
  backupUnderLoad,
  simulation,
  killNodes,
  oneTokenOfNodes,
  brokenDatabase,
  withdrawnAccess,
  serialisable,
  clockOfOneNode,
  rotationOfNodes,
  backupOfNodes,
  upgradeOfNodes,
];
