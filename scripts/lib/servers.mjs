import { isExecutable } from './command.mjs';
import { SetupError } from './project.mjs';
import { readRecord, updateRecord } from './record.mjs';
import { provideTemporalCli } from './temporal-cli.mjs';
import { provideTestServer } from './temporal-test-server.mjs';

/** The servers that are not npm packages: the variable that holds their path, the user's or ours, and how to get them. */
const servers = {
  temporalCli: { variable: 'BALLAST_TEMPORAL_CLI', provide: provideTemporalCli },
  temporalTestServer: { variable: 'BALLAST_TEMPORAL_TEST_SERVER', provide: provideTestServer },
};

/**
 * Makes sure these servers are there, and sets the environment variables by which everything else finds them.
 * @param {(keyof typeof servers)[]} names
 */
export async function provideServers(names) {
  for (const name of names) {
    const { variable, provide } = servers[name];
    const explicit = process.env[variable];
    if (explicit !== undefined) {
      if (isExecutable(explicit)) continue;
      throw new SetupError(
        `${variable} names ${explicit}, which is not an executable file. What to do: correct or unset it.`,
      );
    }
    const known = readRecord().servers[name];
    if (known !== undefined && isExecutable(known)) {
      process.env[variable] = known;
      continue;
    }
    const path = await provide();
    process.env[variable] = path;
    updateRecord({ servers: { ...readRecord().servers, [name]: path } });
  }
}
