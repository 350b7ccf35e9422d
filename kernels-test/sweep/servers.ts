import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A queue's server on the loopback interface, with a password; what it was told is on its disk before it answers. */
export interface Server {
  url: string;
  password: string;
  /** Ends it in an instant, as a power cut does, and starts it again. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const password = "pass/w0rd";

/** What of servers is installed: a name, and how to start one. */
export function serversHere(): [name: string, start: () => Promise<Server>][] {
  const redis = installed("redis-server");
  const postgres = postgresBinaries();
  return [
    ...(redis ? [["Redis", () => startRedis(redis)] as [string, () => Promise<Server>]] : []),
    ...(postgres ? [["PostgreSQL", () => startPostgres(postgres)] as [string, () => Promise<Server>]] : []),
  ];
}

function installed(name: string): string | undefined {
  const folders = (process.env.PATH ?? "").split(":");
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** Debian has them in a folder for each version. */
function postgresBinaries(): string | undefined {
  const root = "/usr/lib/postgresql";
  const [newest] = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  return newest === undefined ? undefined : join(root, newest, "bin");
}

async function startRedis(program: string): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), "hestenes-redis-"));
  const port = await freePort();
  const config = join(folder, "redis.conf");
  writeFileSync(
    config,
    `bind 127.0.0.1\nport ${port}\nrequirepass ${password}\ndir ${folder}\nappendonly yes\nappendfsync always\nsave ""\n`,
  );
  const url = `redis://:${encodeURIComponent(password)}@127.0.0.1:${port}`;
  return running(url, port, folder, () => spawn(program, [config], { stdio: "ignore" }));
}

async function startPostgres(binaries: string): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), "hestenes-postgres-"));
  const port = await freePort();
  const data = join(folder, "data");
  const file = join(folder, "password");
  mkdirSync(data);
  writeFileSync(file, password);
  chmodSync(folder, 0o755);
  const user =
    process.getuid?.() === 0
      ? Number(execFileSync("id", ["-u", "postgres"], { encoding: "utf8" }))
      : undefined;
  if (user !== undefined) for (const path of [folder, data, file]) chownSync(path, user, user); // it does not run as root
  const as = {
    ...(user === undefined ? {} : { uid: user, gid: user }),
    cwd: folder,
    stdio: "ignore",
  } as const;
  execFileSync(
    join(binaries, "initdb"),
    ["-D", data, "-U", "tester", "-A", "scram-sha-256", `--pwfile=${file}`],
    as,
  );
  const args = [
    "-D",
    data,
    "-p",
    String(port),
    "-c",
    "listen_addresses=127.0.0.1",
    "-c",
    `unix_socket_directories=${folder}`,
  ];
  const url = `postgres://tester:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`;
  return running(url, port, folder, () => spawn(join(binaries, "postgres"), args, as));
}

async function running(
  url: string,
  port: number,
  folder: string,
  start: () => ChildProcess,
): Promise<Server> {
  let server = start();
  await answering(port);
  const end = async () => {
    const ended = once(server, "exit");
    server.kill("SIGQUIT");
    server.kill(url.startsWith("redis") ? "SIGKILL" : "SIGQUIT"); // PostgreSQL's children would outlive it
    await ended;
  };
  return {
    ...{ url, password },
    restart: async () => {
      await end();
      await sleep(300);
      server = start();
      await answering(port);
    },
    stop: async () => {
      await end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function answering(port: number): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    const socket = connect(port, "127.0.0.1");
    const answer = await new Promise<boolean>((resolve) =>
      socket.on("connect", () => resolve(true)).on("error", () => resolve(false)),
    );
    socket.destroy();
    if (answer) return sleep(200);
    await sleep(100);
  }
  throw new Error(`nothing answers at port ${port}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}
