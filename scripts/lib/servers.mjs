import { isExecutable } from './command.mjs';
import { readRecord, updateRecord } from './record.mjs';
import { provideTemporalCli } from './temporal-cli.mjs';
import { provideTestServer } from './temporal-test-server.mjs';

/** The servers that are not npm packages: the variable that names or receives their path, and how to get them. */
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
    const known = readRecord().servers[name];
    if (process.env[variable] === undefined && known !== undefined && isExecutable(known)) {
      process.env[variable] = known;
      continue;
    }
    const path = await provide(process.env[variable]);
    process.env[variable] = path;
    if (path !== known) updateRecord({ servers: { ...readRecord().servers, [name]: path } });
  }
}
