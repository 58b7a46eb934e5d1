// The station's own service in a booted Debian tree (systemd/try-package.sh), with its pins in a FUSE sysfs or on an
// emulated chip, and its meter at a pseudo-terminal: how long a contactor stays closed after the agent was killed, stopped, crashed, hung, or its
// whole cgroup killed. systemd's own way to open it (ExecStopPost) is replaced by a program that only exits, so that the
// opener alone counts; then it is measured by itself, with the opener masked.
//   node opened-pins-child.js sysfs TIMES      root; /dev/fuse is open as descriptor 3 and mounted at /sys/class/gpio
//   node opened-pins-child.js chip TIMES       root; no /sys/class/gpio, and chip-emulator.c compiled in /opt
import { execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { promisify } from "node:util";
import { askAgent } from "../../agent/control/control-socket.js";
import type { Snapshot } from "../../agent/station/snapshot.js";
import { loadMeterMap } from "../../config/meter-map.js";
import { RtuBus } from "../../drivers/bench/rtu-bus.js";
import { ChipBoard } from "../drivers/gpio/port/chip-board.js";
import { SysfsFuse } from "../drivers/gpio/sysfs-fuse.js";
import { SysfsModel } from "../drivers/gpio/sysfs-model.js";

const [, , way = "sysfs", count = "20"] = process.argv;
const times = Number(count);
const mostOpenMs = 1_000;
/** For a trial as a whole, with the start of an agent in it. */
const trialMs = 60_000;
const pauseMs = 20;
const contactor = 17;
const feedback = 27;
const plug = 22;
const config = "/etc/chargetill/station.yaml";
const socket = "/var/lib/chargetill/control.sock";
const program = "/usr/lib/chargetill/chargetill-pins";
const wires = "/run/chargetill/wires";
const emulator = "/opt/chip-emulator.so";
const dropIns = "/run/systemd/system/chargetill.service.d";
const blocker = "/opt/chargetill-trial.mjs";

const run = promisify(execFile);
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, pauseMs));
const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** The pins, by the kernel interface that is tried: what they are driven to, and a way to drive those that are inputs. */
type TrialPins = {
  /** Calls `driven` when the contactor's pin has gone to another level. */
  readonly watch: (driven: (high: boolean) => void) => void;
  readonly drive: (gpio: number, high: boolean) => void;
  readonly end: () => Promise<unknown>;
};

/** A sysfs of FUSE, which is mounted already. */
function sysfsPins(): TrialPins {
  const model = new SysfsModel("pinctrl-bcm2711", 512, 58);
  void new SysfsFuse(3, model).serve();
  return {
    watch: (driven) => {
      model.onLevel = (gpio, high) => {
        if (gpio === contactor) driven(high);
      };
    },
    drive: (gpio, high) => model.drive(gpio, high),
    end: () => run("umount", ["-l", "/sys/class/gpio"]),
  };
}

/** A chip of the character device, emulated beneath the station's own program; no sysfs. */
async function chipPins(): Promise<TrialPins> {
  await run("install", ["-d", "-o", "chargetill", "-g", "chargetill", "-m", "750", "/run/chargetill"]);
  const board = new ChipBoard("pinctrl-bcm2711", wires, emulator);
  await run("chown", ["chargetill", wires]);
  const variables = [...board.environment].map(([name, value]) => `${name}=${value}`).join(" ");
  renameSync(program, `${program}.real`);
  writeFileSync(program, `#!/bin/sh\n${variables} exec ${program}.real "$@"\n`, { mode: 0o755 });
  writeFileSync("/dev/gpiochip0", "");
  return {
    watch: (driven) =>
      void setInterval(() => {
        for (const high of board.takeLevels(contactor)) driven(high);
      }, 1),
    drive: (gpio, high) => void board.drive(gpio, high),
    end: () => {
      rmSync("/dev/gpiochip0");
      renameSync(`${program}.real`, program);
      return Promise.resolve();
    },
  };
}

const pins = way === "chip" ? await chipPins() : sysfsPins();
let isClosed = false;
let changed: () => void = () => undefined;
pins.watch((high) => {
  if (high === isClosed) return;
  isClosed = high;
  pins.drive(feedback, high);
  changed();
});
pins.drive(plug, true);

/** Resolves once the contactor is closed, or open; rejects when that takes as long as a whole trial may. */
function contactorIs(closed: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not ${closed ? "closed" : "open"} in time`)), trialMs);
    changed = () => {
      if (isClosed !== closed) return;
      clearTimeout(timer);
      resolve();
    };
    changed();
  });
}

/** A meter at a pseudo-terminal, which `script` makes; answers the terminal's path. */
async function meter(): Promise<string> {
  const bus = new RtuBus();
  bus.attach(1, loadMeterMap("eastron-sdm630-v2"), () => ({
    energyMilliWh: 1_000_000_000,
    powerW: 0,
    currentMilliA: 0,
    serial: "21031234",
  }));
  const port = await bus.patientBinding.open({ path: "bench", baudRate: 9600 });
  const terminal = spawn("script", ["-qefc", "stty raw -echo; tty; exec sleep infinity", "/dev/null"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const path = await new Promise<string>((resolve) =>
    terminal.stdout.once("data", (chunk: Buffer) => resolve(chunk.toString().trim())),
  );
  terminal.stdout.on("data", (chunk: Buffer) => void port.write(chunk));
  void (async () => {
    const buffer = Buffer.alloc(256);
    for (;;) {
      const { bytesRead } = await port.read(buffer, 0, buffer.length);
      terminal.stdin.write(Buffer.from(buffer.subarray(0, bytesRead)));
    }
  })();
  process.once("exit", () => terminal.kill("SIGKILL"));
  return path;
}

async function mainPid(): Promise<number> {
  const { stdout } = await run("systemctl", ["show", "chargetill", "-p", "MainPID", "--value"]);
  return Number(stdout);
}

/** Has the agent close its contactor for some seconds, as a technician's test does; resolves when it is closed. */
async function close(): Promise<void> {
  const begun = performance.now();
  let refused = "";
  while (!isClosed) {
    if (performance.now() - begun > trialMs) throw new Error(`the agent closes nothing: ${refused}`);
    const answer = askAgent(socket, { do: "contactor-test", connector: 1, ms: 5_000 }).catch(
      (error: unknown) => (refused = String(error)),
    );
    await Promise.race([answer, contactorIs(true)]);
    if (!isClosed) await pause();
  }
}

type Ending = { readonly name: string; readonly end: (pid: number) => void };
const endings: readonly Ending[] = [
  { name: "kill -9", end: (pid) => process.kill(pid, "SIGKILL") },
  { name: "SIGSTOP", end: (pid) => process.kill(pid, "SIGSTOP") },
  { name: "SIGSEGV", end: (pid) => process.kill(pid, "SIGSEGV") },
  // The drop-in's program hears it, and never turns again.
  { name: "a blocked loop", end: (pid) => process.kill(pid, "SIGUSR2") },
  { name: "a killed cgroup", end: killCgroup },
];

/** All processes of the agent's cgroup at once: by the kernel where it can, else one by one. */
function killCgroup(pid: number): void {
  const lines = readFileSync(`/proc/${pid}/cgroup`, "utf8").split("\n");
  const path = /^(?:0:|\d+:name=systemd):(.*)$/.exec(
    lines.find((line) => /^(?:0:|\d+:name=systemd):/.test(line)) ?? "",
  );
  const folder = ["/sys/fs/cgroup", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified"]
    .map((root) => `${root}${path?.[1] ?? ""}`)
    .find((candidate) => existsSync(`${candidate}/cgroup.procs`));
  if (folder === undefined) throw new Error(`no cgroup of process ${pid}: ${lines.join(" ")}`);
  if (existsSync(`${folder}/cgroup.kill`)) return writeFileSync(`${folder}/cgroup.kill`, "1");
  for (const line of readFileSync(`${folder}/cgroup.procs`, "utf8").split("\n"))
    if (line !== "") process.kill(Number(line), "SIGKILL");
}

/** Milliseconds from the agent's end to the open contactor, sorted. */
async function measure({ end }: Ending, count: number): Promise<number[]> {
  const found: number[] = [];
  while (found.length < count) {
    await close();
    const pid = await mainPid();
    if (!isClosed) continue;
    const begun = performance.now();
    end(pid);
    await contactorIs(false);
    found.push(performance.now() - begun);
    while (existsSync(`/proc/${pid}/stat`)) await pause();
  }
  return found.sort((a, b) => a - b);
}

function tell(name: string, found: readonly number[], most: number | undefined): void {
  const worst = found.at(-1) ?? Number.POSITIVE_INFINITY;
  const figures = `${found.length} times, median ${Math.round(found[found.length >> 1] ?? 0)} ms, worst ${Math.round(worst)} ms`;
  say(`${most === undefined || worst <= most ? "ok" : "FAILED"} ${name}: the contactor is open; ${figures}`);
}

/** Waits until the agent says that the opener is missing, or says so no more. */
async function openerIsMissing(missing: boolean): Promise<void> {
  const begun = performance.now();
  const isTold = async (): Promise<boolean> => {
    const { faults } = (await askAgent(socket, { do: "status" })) as Pick<Snapshot, "faults">;
    return faults.some(({ code }) => code === "opener/missing");
  };
  while ((await isTold().catch(() => undefined)) !== missing) {
    if (performance.now() - begun > trialMs) throw new Error(`opener/missing is not ${missing ? "raised" : "cleared"}`);
    await pause();
  }
  say(`ok opener/missing is ${missing ? "raised without the opener" : "cleared when it is back"}`);
}

/** The unit with these lines over its own, and its restarts at once. */
async function restartWith(lines: readonly string[]): Promise<void> {
  mkdirSync(dropIns, { recursive: true });
  const unit = ["[Service]", "RestartSec=100ms", "RestartSteps=0", "DeviceAllow=char-pts rw", ...lines];
  writeFileSync(`${dropIns}/trial.conf`, `${unit.join("\n")}\nEnvironment=NODE_OPTIONS=--import=${blocker}\n`);
  await run("systemctl", ["daemon-reload"]);
  // Both anew: what was started before the pins were mounted does not see them.
  await run("systemctl", ["restart", "chargetill-opener", "chargetill"]);
}

mkdirSync("/opt", { recursive: true });
writeFileSync(blocker, 'process.on("SIGUSR2", () => { for (;;); });\n');
const path = await meter();
await run("chmod", ["666", path]);
writeFileSync(
  config,
  readFileSync("/etc/chargetill/station.example.yaml", "utf8")
    .replace(/path: \/dev\/\S+/, `path: ${path}`)
    .replace(/^uplinks:[\s\S]*$/m, ""),
);
await run("chgrp", ["chargetill", config]);
await restartWith(["ExecStopPost=", "ExecStopPost=/bin/true"]);
for (const ending of endings)
  tell(`${way}: ${ending.name}, by the opener alone`, await measure(ending, times), mostOpenMs);
const [killed] = endings;
await restartWith([]);
await run("systemctl", ["mask", "--runtime", "--now", "chargetill-opener"]);
if (killed !== undefined) tell(`${way}: kill -9, by ExecStopPost alone`, await measure(killed, 5), undefined);
await openerIsMissing(true);
await run("systemctl", ["unmask", "--runtime", "chargetill-opener"]);
await run("systemctl", ["start", "chargetill-opener"]);
await openerIsMissing(false);
await run("systemctl", ["stop", "chargetill", "chargetill-opener"]);
await pins.end();
process.exit(0);
