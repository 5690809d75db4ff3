import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { preparePostgres, type RunningPostgres, startPostgres } from '../../workers/embedded-postgres';
import { startLaunch } from '../../workers/launch';
import { identifyProcess } from '../../workers/process-identity';
import { findFreePort } from '../../workers/supervisor/ports';
import { waitUntilGone } from './harness';

async function query(url: string, sql: string): Promise<readonly unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(sql);
    return rows;
  } finally {
    await client.end();
  }
}

describe('embedded PostgreSQL', () => {
  let folder: string;
  let dataDir: string;
  const started: RunningPostgres[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ballast-pg-'));
    dataDir = join(folder, 'postgres');
  });

  afterEach(async () => {
    for (const server of started.splice(0)) await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(port?: number): Promise<RunningPostgres> {
    const server = await startPostgres({
      dataDir,
      log: () => undefined,
      ...(port !== undefined && { port }),
    });
    started.push(server);
    return server;
  }

  it('is made on first use, in a private folder, durable, on the loopback interface only', async () => {
    const server = await start();
    expect(await query(server.url, 'select current_database() as name')).toEqual([{ name: 'ballast' }]);
    expect(await query(server.url, 'show fsync')).toEqual([{ fsync: 'on' }]);
    expect(await query(server.url, 'show listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
    expect(statSync(join(dataDir, 'ballast.password')).mode & 0o777).toBe(0o600);
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
    const withoutPassword = server.url.replace(/:[^:@/]+@/, ':wrong@');
    await expect(query(withoutPassword, 'select 1')).rejects.toThrow('password authentication failed');
  });

  it('keeps its rows when killed with sessions open, and starts again at once', async () => {
    const server = await start();
    await query(server.url, 'create table fills (id text)');
    const session = new Client({ connectionString: server.url });
    session.on('error', () => undefined);
    await session.connect();
    await session.query("insert into fills values ('f1')");
    process.kill(server.pid, 'SIGKILL');
    await server.exited;
    const again = await start();
    expect(await query(again.url, 'select id from fills')).toEqual([{ id: 'f1' }]);
  });

  it('ends with the process that started it', async () => {
    const script = `
      const { startPostgres } = require(${JSON.stringify(join(__dirname, '../../dist/workers/embedded-postgres.js'))});
      startPostgres({ dataDir: ${JSON.stringify(dataDir)}, log() {} }).then(({ pid }) => console.log(pid));`;
    const owner: ChildProcess = spawn(process.execPath, ['-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (owner.stdout === null) throw new Error('Its output is piped');
    const [line] = (await once(owner.stdout, 'data')) as [Buffer];
    const postmaster = identifyProcess(Number(line.toString()));
    if (postmaster === undefined) throw new Error('PostgreSQL runs');
    owner.kill('SIGKILL');
    await waitUntilGone(postmaster);
    await start();
  });

  it('begins anew what an interrupted first start has left', async () => {
    const interrupted = `${dataDir}.initialising-999999999`;
    mkdirSync(join(interrupted, 'data/base'), { recursive: true });
    const server = await start();
    expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(readdirSync(folder)).toEqual(['postgres']);
  });

  it.each([
    ['holds something else', 'notes.txt', 'mine', /not a complete data folder.*PG_VERSION/],
    ['is half copied', 'PG_VERSION', '18\n', /global\/pg_control, ballast\.password missing/],
  ])('refuses a folder that %s, and leaves it as it is', async (_, file, content, message) => {
    mkdirSync(dataDir);
    writeFileSync(join(dataDir, file), content);
    await expect(start()).rejects.toThrow(message);
    expect(readFileSync(join(dataDir, file), 'utf8')).toBe(content);
  });

  it('refuses a folder of another version', async () => {
    await (await start()).stop();
    writeFileSync(join(dataDir, 'PG_VERSION'), '17\n');
    await expect(start()).rejects.toThrow('made by PostgreSQL 17, this is PostgreSQL 18');
  });

  it('is not put off by a stale pid file, nor by one whose number another process has got', async () => {
    await (await start()).stop();
    const pidFile = (pid: number): string =>
      `${pid}\n${dataDir}\n1700000000\n5432\n\n127.0.0.1\n\nready   \n`;
    writeFileSync(join(dataDir, 'postmaster.pid'), pidFile(999_999_999));
    await (await start()).stop();
    writeFileSync(join(dataDir, 'postmaster.pid'), pidFile(process.pid));
    const server = await start();
    expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('says that its port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    await expect(start(port)).rejects.toThrow(`cannot listen on 127.0.0.1:${port}`);
    await new Promise((resolve) => other.close(resolve));
  });

  const asRoot = process.getuid?.() === 0 ? it : it.skip;
  asRoot('runs under another user where root may not make a user namespace', async () => {
    const open = mkdtempSync(join(tmpdir(), 'ballast-pg-open-'));
    chmodSync(open, 0o755);
    const nobody = { uid: 65_534, gid: 65_534 };
    try {
      const launch = await preparePostgres({
        dataDir: join(open, 'postgres'),
        port: await findFreePort(),
        start: { prefix: [], user: nobody },
      });
      const server = await startLaunch(launch, 'PostgreSQL', () => undefined);
      expect(statSync(join(open, 'postgres')).uid).toBe(nobody.uid);
      expect(await query(launch.url, 'select 1 as one')).toEqual([{ one: 1 }]);
      await server.stop();
    } finally {
      rmSync(open, { recursive: true, force: true });
    }
    expect(existsSync(open)).toBe(false);
  });
});
