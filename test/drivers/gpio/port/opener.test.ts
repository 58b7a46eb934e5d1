// The opener: the real program beside a real process that hangs or dies, on pins that are plain files.
import { type ChildProcess, fork, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Clock } from "../../../../drivers/driver.js";
import { OpenerLink } from "../../../../drivers/gpio/port/opener-link.js";
import { compilePins, pinsProgram } from "../../../../drivers/gpio/port/pins-program.js";
import { freshFolder } from "../../../support/command.js";
import { SteppedClock } from "../../../support/time/stepped-clock.js";
import { limitProcess } from "../../../support/time/time-limit.js";

const limitMs = 60_000;
const program = pinsProgram();
const agentChild = fileURLToPath(new URL("opener-child.js", import.meta.url));
const sources = fileURLToPath(new URL("../../../../../test/drivers/gpio/port", import.meta.url));

const children = new Set<ChildProcess>();
function watched<T extends ChildProcess>(child: T): T {
  children.add(child);
  const stop = limitProcess(child.pid ?? -1, limitMs, () => child.kill("SIGKILL"));
  child.once("exit", () => {
    stop();
    children.delete(child);
  });
  return child;
}

/** Resolves when the condition holds; each process of a test has an end of its own. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) {
    if (children.size === 0) throw new Error("nothing is left that could change it");
    await new Promise(setImmediate);
  }
}

const text = (path: string): string => (existsSync(path) ? readFileSync(path, "utf8") : "");

/** A machine with one pin in sysfs, and the folder that agent and opener share. */
class Place {
  readonly root = freshFolder();
  readonly folder = join(this.root, "run");
  readonly direction = join(this.root, "sys/class/gpio/gpio529/direction");
  errors = "";

  constructor() {
    mkdirSync(this.folder);
    mkdirSync(join(this.root, "sys/class/gpio/gpio529"), { recursive: true });
    writeFileSync(join(this.root, "sys/class/gpio/export"), "");
    writeFileSync(this.direction, "in\n");
  }

  opener(): ChildProcess {
    const opener = watched(spawn(program, ["--root", this.root, "watch", this.folder], { stdio: "pipe" }));
    opener.stderr?.on("data", (chunk: Buffer) => (this.errors += chunk.toString()));
    return opener;
  }

  /** Opens what the list names; answers exit code and words. */
  open(...instead: readonly string[]): { readonly code: number | null; readonly out: string; readonly err: string } {
    const args = ["--root", this.root, "open", join(this.folder, "contactors"), ...instead];
    const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8", timeout: limitMs });
    return { code: status, out: stdout, err: stderr };
  }

  list(lines: string): void {
    writeFileSync(join(this.folder, "contactors.new"), lines);
    renameSync(join(this.folder, "contactors.new"), join(this.folder, "contactors"));
  }

  async agent(): Promise<{ readonly process: ChildProcess; ask(word: string): Promise<void> }> {
    const agent = watched(fork(agentChild, [this.folder, this.direction]));
    await once(agent, "message");
    return {
      process: agent,
      ask: async (word) => {
        agent.send(word);
        await once(agent, "message");
      },
    };
  }

  /** An agent that holds its contactor closed, and an opener that watches it. */
  async charging(): Promise<Awaited<ReturnType<Place["agent"]>>> {
    const agent = await this.agent();
    await agent.ask("close");
    await until(() => this.isAnswered());
    assert.is(text(this.direction), "high\n");
    return agent;
  }

  isAnswered(): boolean {
    const serial = /^serial (\d+)$/m.exec(text(join(this.folder, "contactors")))?.[1];
    return serial !== undefined && text(join(this.folder, "opener")) === `${serial}\n`;
  }

  get isOpen(): boolean {
    return text(this.direction) === "low\n";
  }
}

const openers = suite("the opener");

openers.after.each(async () => {
  const ended = [...children].map((child) => once(child, "exit"));
  for (const child of children) child.kill("SIGKILL");
  await Promise.all(ended);
});

// Until it was there, a stopped or blocked agent left the socket live for 28 s, and a killed one for a Node start.
for (const [how, fail] of [
  ["is killed", (agent) => void agent.process.kill("SIGKILL")],
  ["crashes", (agent) => void agent.process.kill("SIGSEGV")],
  ["is stopped", (agent) => void agent.process.kill("SIGSTOP")],
  ["blocks its loop", (agent) => void agent.process.send("block")],
] as readonly [string, (agent: Awaited<ReturnType<Place["agent"]>>) => void][])
  openers(`opens the contactor of an agent that ${how}, and leaves no agent that believes it closed`, async () => {
    const place = new Place();
    place.opener();
    const agent = await place.charging();
    const ended = once(agent.process, "exit");
    fail(agent);
    await until(() => place.isOpen);
    await ended;
    await until(() => place.errors.includes("were opened"));
    assert.match(
      place.errors,
      /the agent \(process \d+\) is gone\n.*the contactors of the agent \(process \d+\) were opened/,
    );
  });

openers("leaves an agent alone whose heart beats, and one that has opened its contactors itself", async () => {
  const place = new Place();
  place.opener();
  const agent = await place.charging();
  const beats = (): number => Number(text(join(place.folder, "heartbeat")));
  const before = beats();
  // 2 s of a heart that beats five times a second.
  await until(() => beats() >= before + 10);
  assert.is(text(place.direction), "high\n");
  await agent.ask("open");
  await until(() => place.isAnswered());
  assert.match(text(join(place.folder, "contactors")), /^closed 0$/m);
  assert.is(place.errors, "");
});

openers("knows an agent that waits for its disk from one that hangs", async () => {
  const slow = new Place();
  const waiter = join(freshFolder(), "disk-waiter");
  compilePins(join(sources, "disk-waiter.c"), waiter);
  const agent = watched(spawn(waiter, { stdio: "pipe" }));
  const [words] = (await once(agent.stdout, "data")) as [Buffer];
  slow.list(`chargetill-pins 1\nserial 1\nagent ${words.toString().trim()}\nclosed 1\nsysfs 529 low\nend\n`);
  writeFileSync(slow.direction, "high\n");
  agent.stdin.write("wait\n");
  await until(() => / D /.test(text(`/proc/${agent.pid}/stat`)));
  slow.opener();
  await until(() => slow.isAnswered());
  // One that hangs from then on is opened, while the other is still closed.
  const hung = new Place();
  hung.opener();
  const other = await hung.charging();
  other.process.kill("SIGSTOP");
  await until(() => hung.isOpen);
  assert.is(text(slow.direction), "high\n");
  agent.stdin.end();
  await until(() => slow.isOpen);
});

openers(
  "that is started anew opens the contactors of an agent that died meanwhile, also where its number came again",
  async () => {
    const place = new Place();
    const first = place.opener();
    const agent = await place.charging();
    first.kill("SIGKILL");
    agent.process.kill("SIGKILL");
    await Promise.all([once(first, "exit"), once(agent.process, "exit")]);
    place.opener();
    await until(() => place.isOpen);
    // This process lives, but it was not started then.
    const reborn = new Place();
    writeFileSync(reborn.direction, "high\n");
    reborn.list(`chargetill-pins 1\nserial 1\nagent ${process.pid} 1\nclosed 1\nsysfs 529 low\nend\n`);
    reborn.opener();
    await until(() => reborn.isOpen);
  },
);

openers("keeps the last whole list where one is damaged, and says so", async () => {
  const place = new Place();
  place.opener();
  const agent = await place.charging();
  place.list("chargetill-pins 1\nserial 9\nagent 1 1\nclosed 1\nsysfs 529");
  await until(() => place.errors.includes("cannot be used"));
  assert.is(text(place.direction), "high\n");
  agent.process.kill("SIGKILL");
  await until(() => place.isOpen);
});

openers("takes its answer back when it is ended, so that the agent does not rely on it", async () => {
  const place = new Place();
  const opener = place.opener();
  await place.charging();
  opener.kill("SIGTERM");
  await once(opener, "exit");
  assert.not.ok(existsSync(join(place.folder, "opener")));
});

openers.run();

const list = suite("chargetill-pins open");
const head = "chargetill-pins 1\nserial 3\nagent 812 190233\n";

list("opens every contactor of the list by the level that it names, also pins that nobody holds", () => {
  const place = new Place();
  for (const number of [530, 531]) {
    mkdirSync(join(place.root, `sys/class/gpio/gpio${number}`));
    writeFileSync(join(place.root, `sys/class/gpio/gpio${number}/direction`), "low\n");
  }
  place.list(`${head}closed 0\nsysfs 529 low\nsysfs 530 high\nsysfs 531 high\nend\n`);
  assert.equal(place.open("/bin/echo", "not this"), { code: 0, out: "", err: "" });
  const level = (number: number): string => text(join(place.root, `sys/class/gpio/gpio${number}/direction`));
  assert.equal([529, 530, 531].map(level), ["low\n", "high\n", "high\n"]);
});

list("names each one that it could not open, and opens the others", () => {
  const place = new Place();
  place.list(`${head}closed 1\nsysfs 700 low\nchip pinctrl-none 17 low\nsysfs 529 low\nend\n`);
  const { code, err } = place.open();
  assert.is(code, 1);
  assert.match(err, /^chargetill-pins: sysfs GPIO 700: NOT OPENED: No such file or directory$/m);
  assert.match(err, /^chargetill-pins: pinctrl-none 17: NOT OPENED: No such device$/m);
  assert.ok(place.isOpen);
  // The kernel was asked for the pin.
  assert.is(text(join(place.root, "sys/class/gpio/export")), "700\n");
});

list("runs the command that was named where there is no list, or none that is whole", () => {
  const place = new Place();
  assert.equal(place.open("/bin/echo", "by the config"), { code: 0, out: "by the config\n", err: "" });
  const broken = [
    "",
    "chargetill-pins 2\nserial 3\nagent 812 1\nclosed 1\nend\n",
    `${head}closed 1\nsysfs 529 low\n`,
    `${head}closed 1\nsysfs 529 loww\nend\n`,
    `${head}closed 1\nsysfs 529 lo\nend\n`,
    `${head}closed 1\nsysfs ../../etc low\nend\n`,
    `${head}closed 1\n${"sysfs 529 low\n".repeat(65)}end\n`,
    `${head}closed 1\nsysfs 529 low\n\0end\n`,
  ];
  for (const lines of broken) {
    place.list(lines);
    assert.equal(place.open("/bin/echo", "by the config").out, "by the config\n", JSON.stringify(lines));
    assert.match(place.open().err, /contactors cannot be used: Bad message$/m);
  }
  assert.is(text(place.direction), "in\n");
});

list.run();

const links = suite("the agent's link to the opener");

links("says that nobody watches once the opener has had time to answer, until it does", async () => {
  const { folder } = new Place();
  const clock = new SteppedClock();
  const link = OpenerLink.open(clock, folder);
  const watch = link?.contactor({ kind: "chip", label: "pinctrl-rp1", line: 17, high: true });
  assert.match(text(join(folder, "contactors")), /^closed 0\nchip pinctrl-rp1 17 high\nend$/m);
  watch?.closing();
  assert.match(text(join(folder, "contactors")), /^serial 2\nagent \d+ \d+\nclosed 1$/m);
  assert.is(link?.trouble(), undefined);
  await clock.pass(3_000);
  assert.match(link?.trouble() ?? "", /^the opener does not answer: /);
  writeFileSync(join(folder, "opener"), "2\n");
  assert.is(link?.trouble(), undefined);
  // It was asked anew: an opener that ended since does not answer that.
  await clock.pass(3_000);
  assert.match(link?.trouble() ?? "", /^the opener does not answer: /);
});

links("beats while a contactor is closed, and keeps no waking at rest", async () => {
  const { folder } = new Place();
  const clock = new SteppedClock();
  const link = OpenerLink.open(clock, folder);
  const [first, second] = [17, 18].map((number) => link?.contactor({ kind: "sysfs", number, high: false }));
  assert.is(clock.waiting, 0);
  first?.closing();
  second?.closing();
  first?.opened();
  await clock.pass(1_000);
  assert.is(text(join(folder, "heartbeat")), "6\n");
  // An fsync that has returned is a beat too.
  link?.progressed();
  assert.is(text(join(folder, "heartbeat")), "7\n");
  second?.opened();
  await clock.pass(1_000);
  assert.is(clock.waiting, 0);
  assert.is(text(join(folder, "heartbeat")), "7\n");
});

links("beats on while a loop that does not turn reads and writes files, but no longer than a disk may take", () => {
  const { folder } = new Place();
  const start = new SteppedClock().now();
  let monoMs = start.monoMs;
  const blocked: Clock = { now: () => ({ ...start, monoMs }), at: () => () => undefined, busy: (work) => work };
  const link = OpenerLink.open(blocked, folder);
  link?.contactor({ kind: "sysfs", number: 17, high: false }).closing();
  for (const [afterMs, beats] of [
    [700, 2],
    [8_000, 3],
    [8_900, 4],
    [9_000, 4],
    [60_000, 4],
  ] as const) {
    monoMs = start.monoMs + afterMs;
    link?.progressed();
    assert.is(text(join(folder, "heartbeat")), `${beats}\n`, `${afterMs} ms`);
  }
});

links("without a place for its list takes the old one away and says why", () => {
  const { folder } = new Place();
  const link = OpenerLink.open(new SteppedClock(), folder);
  const watch = link?.contactor({ kind: "sysfs", number: 17, high: false });
  mkdirSync(join(folder, "contactors.new"));
  watch?.closing();
  assert.not.ok(existsSync(join(folder, "contactors")), "ExecStopPost opens by the config then");
  assert.match(link?.trouble() ?? "", /^the list of contactors cannot be written \(EISDIR/);
});

links.run();
