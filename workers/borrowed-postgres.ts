import { join } from 'node:path';
import { startPostgres } from './embedded-postgres';
import { acquireSupervisorLock } from './supervisor/lock';

/** The database of a state folder, for a command that needs nothing else of a running Ballast. */
export interface BorrowedPostgres {
  readonly url: string;
  readonly giveBack: () => Promise<void>;
}

/**
 * Runs the embedded PostgreSQL of a state folder for the time of one command. It holds the folder like `ballast up` does:
 * neither can begin while the other is there.
 * @throws SupervisorRunningError when somebody has the folder; Error when the server does not come up
 */
export async function borrowPostgres(stateDir: string): Promise<BorrowedPostgres> {
  const release = acquireSupervisorLock(stateDir);
  try {
    const server = await startPostgres({ dataDir: join(stateDir, 'postgres'), log: () => undefined });
    return {
      url: server.url,
      giveBack: async () => {
        await server.stop();
        release();
      },
    };
  } catch (error) {
    release();
    throw error;
  }
}
