import { chmodSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { provideCached } from './cache.mjs';
import { archiveClasses, javaLauncher } from './class-archive.mjs';
import { findOnPath, isExecutable, run } from './command.mjs';
import { downloadTemporalProgram } from './download.mjs';
import { withProgress } from './progress.mjs';
import { cacheFolder } from './project.mjs';
import { firstRoute } from './routes.mjs';

const version = '1.35.0';
const cacheName = `temporal-test-server-${version}`;
const program = 'temporal-test-server';
const mavenLimitMs = 10 * 60_000;

/** Temporal's time-skipping test server: either the native program or, from Maven, its Java classes behind a launcher. */
export function provideTestServer() {
  return firstRoute(
    `The time-skipping Temporal test server ${version}`,
    [
      { name: 'the cache', get: fromCache },
      {
        name: 'download',
        get: () => intoCache((into) => downloadTemporalProgram(program, version, join(into, program))),
      },
      { name: 'Maven repository', get: () => intoCache(copyWithMaven) },
    ],
    'install Java 17 or later and Maven, or set BALLAST_TEMPORAL_TEST_SERVER to the program, then run the command again.',
  );
}

async function fromCache() {
  const folder = join(cacheFolder(), cacheName);
  if (!isExecutable(join(folder, program))) return undefined;
  if (existsSync(join(folder, 'lib'))) await archiveClasses(folder, program, launcher);
  return join(folder, program);
}

async function intoCache(install) {
  const folder = await provideCached(cacheName, async (into) => {
    await install(into);
    chmodSync(join(into, program), 0o755);
  });
  return join(folder, program);
}

async function copyWithMaven(into) {
  if (findOnPath('java') === undefined) throw new Error('Java is not installed');
  if (findOnPath('mvn') === undefined) throw new Error('Maven (mvn) is not installed');
  writeFileSync(join(into, 'pom.xml'), pom());
  await withProgress(`getting the Temporal test server ${version} from Maven`, () =>
    run(
      'mvn',
      [
        '-B',
        '-q',
        '-f',
        join(into, 'pom.xml'),
        'dependency:copy-dependencies',
        `-DoutputDirectory=${join(into, 'lib')}`,
      ],
      {
        cwd: into,
        timeoutMs: mavenLimitMs,
      },
    ),
  );
  if (!readdirSync(join(into, 'lib')).includes(`temporal-test-server-${version}.jar`)) {
    throw new Error(`Maven copied no temporal-test-server-${version}.jar`);
  }
  await archiveClasses(into, program, launcher);
}

function pom() {
  const coordinates = (group, artifact, v) =>
    `<groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${v}</version>`;
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  ${coordinates('ballast', 'temporal-test-server-copy', '1')}
  <dependencies><dependency>${coordinates('io.temporal', 'temporal-test-server', version)}</dependency></dependencies>
</project>
`;
}

const launcher = javaLauncher('io.temporal.testserver.TestServer');
