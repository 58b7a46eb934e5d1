// A built checkout, brought to a folder of its own and run by its command line alone: what a module inside is called
// today does not matter.
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";

/** One command may take this long, on a busy machine too. */
const commandWithinMs = 10 * 60_000;

export type Answer = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

/** A checkout that can be run. Both of a comparison read the demo's station and tariffs from one of them. */
export class StagedBuild {
  readonly folder: string;
  readonly #program: string;

  /** Throws where `checkout` holds no built program. */
  constructor(
    readonly checkout: string,
    demoFrom: string,
  ) {
    const manifest = join(checkout, "package.json");
    const bin = existsSync(manifest)
      ? (JSON.parse(readFileSync(manifest, "utf8")) as { bin?: { chargetill?: string } }).bin?.chargetill
      : undefined;
    if (bin === undefined || !existsSync(join(checkout, bin)))
      throw new Error(`${checkout} holds no built chargetill: run "node agent/start.js --build" there`);
    this.folder = mkdtempSync(join(tmpdir(), "chargetill-same-"));
    const copied = (name: string): string => join(this.folder, name);
    const tests = join(checkout, "dist", "test") + sep;
    cpSync(join(checkout, "dist"), copied("dist"), {
      recursive: true,
      filter: (path) => !`${path}${sep}`.startsWith(tests),
    });
    cpSync(join(checkout, "config"), copied("config"), { recursive: true });
    const demo = readFileSync(join(demoFrom, "config", "demo.yaml"), "utf8");
    writeFileSync(copied("config/demo.yaml"), withoutBench(withSocketsNamed(demo)));
    cpSync(join(demoFrom, "config", "tariffs"), copied("config/tariffs"), { recursive: true });
    cpSync(manifest, copied("package.json"));
    symlinkSync(join(checkout, "node_modules"), copied("node_modules"));
    this.#program = copied(bin);
  }

  /** Runs one command to its end. Throws only where it cannot be started or takes too long. */
  run(args: readonly string[], input = ""): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [this.#program, ...args], { cwd: this.folder, timeout: commandWithinMs });
      let stdout = "";
      let stderr = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
      child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
      // Who refuses its input closes it early; the answer says why.
      child.stdin.on("error", () => undefined);
      child.on("error", reject);
      child.on("close", (code, signal) =>
        signal === null
          ? resolve({ code, stdout, stderr })
          : reject(
              new Error(
                `chargetill ${args.join(" ")} in ${this.checkout} was ended by ${signal}: ${stdout.slice(-500)}${stderr}`,
              ),
            ),
      );
      child.stdin.end(input);
    });
  }

  /** Runs a command that must succeed, and answers what it printed. */
  async printed(args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(args);
    if (code !== 0) throw new Error(`chargetill ${args.join(" ")} in ${this.checkout}: exit ${code}\n${stderr}`);
    return stdout;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The demo command says itself what the simulated bench plays, by whatever word its version has for that. */
const withoutBench = (yaml: string): string => yaml.replace(/^bench:.*\n/m, "");

/** A demo of before the sockets were named leaves their standard to the default, which has changed since. */
function withSocketsNamed(demo: string): string {
  return /^ +standard:/m.test(demo) ? demo : demo.replace(/^( +)maxPowerW:/gm, "$1standard: IEC_62196_T2\n$&");
}
