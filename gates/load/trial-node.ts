import type { DataDirectory } from '../../proving/data-directory.ts';
import { type Portvakt, servePortvakt } from '../../proving/portvakt.ts';

/** One `portvakt serve` of a trial, which may be started again where it was killed. */
export class TrialNode {
  readonly directory: DataDirectory;
  readonly #workers: number;
  #server: Portvakt;

  private constructor(directory: DataDirectory, workers: number, server: Portvakt) {
    this.directory = directory;
    this.#workers = workers;
    this.#server = server;
  }

  static async start(directory: DataDirectory, workers: number): Promise<TrialNode> {
    return new TrialNode(directory, workers, await servePortvakt(directory, { workers }));
  }

  get server(): Portvakt {
    return this.#server;
  }

  get port(): number {
    return this.directory.port;
  }

  async serveAgain(): Promise<void> {
    this.#server = await servePortvakt(this.directory, { workers: this.#workers });
  }
}
