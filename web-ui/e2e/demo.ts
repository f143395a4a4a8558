// Starts the real program as three offices in a fresh folder, and stops it again.

import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

export interface Pages {
  province: string;
  office_a: string;
  office_b: string;
}

const READY_MS = 60_000;
const STOP_MS = 10_000;
/** More than the demo binds: pages and peer addresses of three nodes. */
const PORTS = 12;

export class Demo {
  private constructor(
    readonly pages: Pages,
    private readonly child: ChildProcess,
    private readonly dir: string,
    private readonly program: string,
  ) {}

  static async start(): Promise<Demo> {
    const program = process.env["HUIZHI_BIN"];
    if (program === undefined) throw new Error("HUIZHI_BIN must name the program; `cargo xtask test` sets it");
    const dir = mkdtempSync(join(tmpdir(), "huizhi-e2e-"));
    const port = await freePorts();
    const child = spawn(program, ["demo", "--in", dir, "--reset", "--base-port", String(port)], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const log: string[] = [];
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      log.push(text);
      if (log.length > 400) log.shift();
    });
    const pages = await new Promise<Pages>((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`the demo did not get ready: ${why}\n${log.join("")}`));
      const timer = setTimeout(() => fail("no `ready` line in time"), READY_MS);
      child.on("error", (error) => fail(String(error)));
      child.on("exit", (code) => fail(`it ended with ${code}`));
      createInterface({ input: child.stdout }).on("line", (line) => {
        if (!line.startsWith("ready ")) return;
        clearTimeout(timer);
        resolve(JSON.parse(line.slice("ready ".length)) as Pages);
      });
    });
    return new Demo(pages, child, dir, program);
  }

  /** Runs a command on the data directory of an office, and gives what it prints. */
  run(office: keyof Pages, ...command: string[]): string {
    const dir = join(this.dir, office.replace("_", "-"));
    return execFileSync(this.program, ["--dir", dir, ...command], { encoding: "utf8" });
  }

  async stop(): Promise<void> {
    const ended = new Promise<void>((resolve) => this.child.once("exit", () => resolve()));
    this.child.kill("SIGINT");
    const timer = setTimeout(() => this.child.kill("SIGKILL"), STOP_MS);
    await ended;
    clearTimeout(timer);
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** The first of a run of ports that nobody listens on. */
async function freePorts(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const base = 20_000 + Math.floor(Math.random() * 10_000);
    const free = await Promise.all(Array.from({ length: PORTS }, (_, at) => isFree(base + at)));
    if (free.every(Boolean)) return base;
  }
  throw new Error("no free ports");
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
