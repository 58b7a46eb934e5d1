// The rules of the repository: where imports may go, what the core may not touch, how large files and folders may be,
// that a name means one thing, and that every test runs.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { between, cyclesIn } from "./support/tidy/cycles.js";
import { packageOf, readSources, root, type Source, sourceOf, topFolderOf } from "./support/tidy/source-tree.js";

const sources = readSources();
const production = sources.filter(({ path }) => topFolderOf(path) !== "test");
const known = new Map(sources.map((source) => [source.path, source]));
const isOurs = (name: string): boolean => /^(agent|drivers|config|test)\//.test(name);
const imports = new Map(sources.map(({ path, imports }) => [path, new Set(imports.filter((name) => known.has(name)))]));

const violations = (rule: (source: Source, name: string) => boolean, among = sources): string[] =>
  among.flatMap((source) =>
    source.imports.filter((name) => rule(source, name)).map((name) => `${source.path} imports ${name}`),
  );
const pathsWhere = (rule: (source: Source) => boolean, among = sources): string[] =>
  among.filter(rule).map(({ path }) => path);

const arrows = suite("imports");

arrows("run down only: agent, drivers, config; nothing sees test", () => {
  const below: Record<string, readonly string[]> = {
    agent: ["agent", "drivers", "config"],
    drivers: ["drivers", "config"],
    config: ["config"],
    test: ["agent", "drivers", "config", "test"],
  };
  assert.equal(
    violations(({ path }, name) => isOurs(name) && !(below[topFolderOf(path)] ?? []).includes(topFolderOf(name))),
    [],
  );
});

arrows("lead to files that are there", () => {
  assert.equal(
    violations((_, name) => isOurs(name) && !known.has(name)),
    [],
  );
});

arrows("make no cycle of files", () => assert.equal(cyclesIn(imports), []));

arrows("make no cycle of folders", () => {
  const folderOf = (path: string): string => known.get(path)?.folder ?? "";
  assert.equal(cyclesIn(between(imports, folderOf)), []);
});

arrows("that run in a circle are found", () => {
  const graph = new Map(Object.entries({ "a/x": ["b/y"], "b/y": ["c/z", "b/w"], "c/z": ["c/v"], "c/v": ["b/w"] }));
  const asSets = (more: Record<string, readonly string[]>): Map<string, ReadonlySet<string>> =>
    new Map([...graph, ...Object.entries(more)].map(([from, to]) => [from, new Set(to)]));
  const folder = (path: string): string => path.slice(0, 1);
  assert.equal(cyclesIn(asSets({})), []);
  assert.equal(cyclesIn(between(asSets({}), folder)), [["b", "c"]]);
  assert.equal(cyclesIn(asSets({ "b/w": ["c/z"] })), [["b/w", "c/v", "c/z"]]);
  assert.equal(cyclesIn(asSets({ "c/v": ["a/x"] })), [["a/x", "b/y", "c/v", "c/z"]]);
});

/** Pure files of the lowest folder: what agent, drivers and config all need. They hold to the rules of the core. */
const pureBelow: readonly string[] = ["config/decimal.ts", "config/languages.ts", "config/nearest-name.ts"];

arrows("of the core stay in the core, but for pure files below it and types of drivers and config", () => {
  const isPure = (path: string): boolean => path.startsWith("agent/core/") || pureBelow.includes(path);
  const pure = sources.filter(({ path }) => isPure(path));
  assert.ok(pure.length > 60);
  const typesOnly = ["drivers/driver.ts", "drivers/payment-gateway.ts", "config/schema.ts"];
  assert.equal(
    violations((_, name) => !isPure(name) && !typesOnly.includes(name), pure),
    [],
  );
  const values = /^import (?!type)[^;]*?from "[^"]*(?:drivers\/(?:driver|payment-gateway)|config\/schema)\.js"/gm;
  const impure = /\basync\b|\bawait\b|\bPromise\b|Date\.now|new Date\(\)|Math\.random|process\.|console\.|setTimeout/;
  for (const { path, code } of pure) {
    assert.not.match(code, impure, path);
    for (const [found] of code.matchAll(values))
      assert.match(found, /\{\s*(type\s+\w+,?\s*)+\}/, `${path} takes values from outside the core`);
  }
});

arrows("of packages have one home each", () => {
  const homes: Record<string, RegExp> = {
    "@noble/curves": /^agent\/receipts\/dispute\//,
    "@noble/hashes": /^agent\/receipts\/dispute\//,
    asn1js: /^agent\/sync\/ocpp\/security\//,
    commander: /^agent\/(cli\.ts$|commands\/)/,
    "@hono/node-server": /^agent\/web\//,
    fontkit: /^agent\/receipts\/pdf\//,
    hono: /^agent\/web\//,
    lowdb: /^agent\/ledger\//,
    "mfrc522-rpi": /^drivers\/rfid\//,
    "modbus-serial": /^drivers\/meter\//,
    "node-cron": /^agent\/app\//,
    onoff: /^drivers\/gpio\//,
    pdfkit: /^agent\/receipts\/pdf\//,
    pkijs: /^agent\/sync\/ocpp\/security\//,
    pino: /^agent\/app\/run\.ts$/,
    qrcode: /^agent\/receipts\/output\//,
    serialport: /^drivers\/meter\//,
    "spi-device": /^drivers\/rfid\//,
    ws: /^agent\/sync\/ocpp\//,
    yaml: /^config\//,
    zod: /^(config\/|agent\/(?!core\/))/,
  };
  const isPackage = (name: string): boolean => !isOurs(name) && !name.startsWith("node:");
  assert.equal(
    violations(({ path }, name) => isPackage(name) && homes[packageOf(name)]?.test(path) !== true, production),
    [],
  );
  const used = new Set(production.flatMap((source) => source.imports.filter(isPackage).map(packageOf)));
  assert.equal([...used].sort(), Object.keys(homes).sort(), "each of them does work");
});

arrows("lead to the simulated world where it is chosen, and nowhere else", () => {
  const choosing = [
    // The demo, a recording that is played again, and a config with `bench:`.
    "agent/app/demo.ts",
    "agent/commands/trace.ts",
    "agent/technician/buses.ts",
  ];
  const seen = production.filter(
    ({ folder, imports }) =>
      !folder.startsWith("drivers/bench") && imports.some((name) => name.startsWith("drivers/bench/")),
  );
  assert.equal(seen.map(({ path }) => path).sort(), choosing);
});

arrows.run();

const shape = suite("files and folders");

shape("are few enough to be seen at once", () => {
  const most = 14;
  const files = new Map<string, number>();
  for (const { folder } of sources) files.set(folder, (files.get(folder) ?? 0) + 1);
  // A command a file, and a simulated part a file: these two are lists.
  for (const list of ["agent/commands", "test/agent/commands", "drivers/bench"]) files.delete(list);
  assert.equal(
    [...files].filter(([, count]) => count > most),
    [],
  );
});

shape("are at most 400 lines long", () => {
  const most = 400;
  assert.equal(
    pathsWhere(({ text }) => text.split("\n").length - 1 > most, production),
    [],
  );
});

shape("have at most ten lines wider than 140 characters", () => {
  const wide = production.flatMap(({ path, text }) =>
    text.split("\n").flatMap((line, index) => (line.length > 140 ? [`${path}:${index + 1}`] : [])),
  );
  // A long pattern is read whole or not at all; a text is broken.
  assert.ok(wide.length <= 10, `${wide.length}: ${wide.join(" ")}`);
});

shape("of tests mirror those of production, and none lies loose at the top", () => {
  const ofTheirOwn = /^test(\/(bench|soak|support|cases|browser|verifier)(\/|$)|$)/;
  const folders = new Set(sources.map(({ folder }) => folder).filter((folder) => topFolderOf(folder) === "test"));
  assert.equal(
    [...folders].filter((folder) => !ofTheirOwn.test(folder) && !existsSync(join(root, folder.slice("test/".length)))),
    [],
  );
  assert.equal(
    pathsWhere(({ path, folder }) => folder === "test" && !/\/(tidy\.test|run)\.ts$/.test(path)),
    [],
  );
});

shape("that no one imports are none", () => {
  const entries =
    /^agent\/cli\.ts$|^agent\/web\/(?:verify|find)\/\w+-(?:page|file)\.ts$|\.test\.ts$|^test\/run\.ts$|^test\/(bench|soak)\/.*\.ts$|worker\.ts$|\.d\.ts$|-child\.ts$|^(agent\/web\/browser|test\/browser\/pictures)/;
  const wanted = new Set(sources.flatMap((source) => source.imports));
  assert.equal(
    pathsWhere(({ path }) => !entries.test(path) && !wanted.has(path)),
    [],
  );
});

shape("are no barrels, and name something", () => {
  assert.equal(
    pathsWhere(
      ({ path, code }) =>
        /(?:^|\/)(?:index|utils?|helpers?|managers?|common|misc)\.ts$/.test(path) ||
        /^export (\*|\{[^}]*\}) from/m.test(code),
    ),
    [],
  );
});

shape("of the top are those that were agreed", () => {
  const folders = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
    .map(({ name }) => name);
  const agreed = ["agent", "drivers", "config", "systemd", "test"];
  assert.equal(
    folders.filter((name) => ![...agreed, "dist", "node_modules", "coverage"].includes(name)),
    [],
  );
  assert.ok(existsSync(join(root, "LICENSE")));
});

shape.run();

const names = suite("names");

names("that are exported are declared in one file", () => {
  const files = new Map<string, Set<string>>();
  for (const { path, exported, own } of production)
    for (const name of [...exported, ...own]) files.set(name, (files.get(name) ?? new Set()).add(path));
  const exported = new Set(production.flatMap((source) => source.exported));
  const twice = [...exported].filter((name) => (files.get(name)?.size ?? 0) > 1);
  assert.equal(
    twice.map((name) => `${name}: ${[...(files.get(name) ?? [])].join(", ")}`),
    [],
  );
});

names("are seen wherever they are declared", () => {
  const text =
    "export async function a() {}\nexport type B = 1;\nexport abstract class C {}\nconst d = 1;\n  const e = 1;\nexport const f = 1;\n";
  const { exported, own } = sourceOf("a.ts", text);
  assert.equal([exported, own], [["a", "B", "C", "f"], ["d"]]);
});

names("of languages stand in one list", () => {
  assert.equal(
    pathsWhere(({ path, code }) => path !== "config/languages.ts" && /\[\s*"en",\s*"de"/.test(code), production),
    [],
  );
});

names.run();

const documentsIn = (folder: string): string[] =>
  existsSync(join(root, folder))
    ? readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".md"))
        .map((name) => join(folder, name))
    : [];

const habits = suite("the code");

habits("is where its documents say", () => {
  const documents = ["README.md", ...["agent", "drivers", "config", "systemd", "test", ".github"].flatMap(documentsIn)];
  const broken = documents.flatMap((path) =>
    [...readFileSync(join(root, path), "utf8").matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)/g)]
      .map(([, link = ""]) => join(dirname(path), link))
      .filter((target) => !existsSync(join(root, target)))
      .map((target) => `${path} points to ${target}`),
  );
  assert.equal(broken, []);
});

habits("look words from outside up in Maps: a plain object answers to constructor and __proto__", () => {
  const table = /^(?:export )?const \w+: (?:Readonly<)?(?:Partial<)?Record<string,/m;
  // Asked by Object.hasOwn alone.
  const guarded = /^agent\/cli\.ts$/;
  assert.equal(
    pathsWhere(({ path, code }) => !guarded.test(path) && table.test(code), production),
    [],
  );
});

habits("makes no number and no text of what came over the socket, but where it looks what it is", () => {
  // Number({ toString: 1 }) throws, and what throws there ends the agent.
  const asked = /^agent\/(?:app\/control-handlers|technician\/device-requests)\.ts$/;
  const files = production.filter(({ path }) => asked.test(path));
  assert.is(files.length, 2);
  assert.equal(
    pathsWhere(({ code }) => /\b(?:Number|String)\(/.test(code), files),
    [],
  );
});

habits("parses JSON from outside where it is bounded first", () => {
  // Files that we wrote and proved by a digest, our own agent's answer, pieces of a text that was looked at, and texts
  // that are read by a command of a person who may end it.
  const may = [
    /^agent\/(?:app|receipts|ledger|control)\//,
    /^agent\/core\/(?:json|cdr|receipt|verify)\//,
    /^agent\/commands\/config-init\.ts$/,
    /^agent\/sync\/ocpp\/transactions\/pending-event\.ts$/,
    /^agent\/tariffs\/tariff-file\.ts$/,
    /^agent\/technician\/trace-file\.ts$/,
    /^config\//,
    /^drivers\/bench\//,
  ];
  assert.equal(
    pathsWhere(({ path, code }) => /\bJSON\.parse\(/.test(code) && !may.some((place) => place.test(path)), production),
    [],
  );
});

habits("writes what lasts by one hand", () => {
  const writes = /\b(?:writeFile|appendFile|createWriteStream|renameSync|writeSync|fdatasync)\w*\(/;
  const may = [
    /^agent\/ledger\//,
    /^agent\/control\/state-lock\.ts$/,
    // The owner's side of a command writes into a pipe, which lasts no longer than it.
    /^agent\/control\/privileges\.ts$/,
    /^drivers\/bench\/world-file\.ts$/,
    /^drivers\/gpio\/port\/onoff-port\.ts$/,
    // In memory: the opener's list and heartbeat; and a program that is compiled anew.
    /^drivers\/gpio\/port\/(opener-link|pins-program)\.ts$/,
  ];
  assert.equal(
    pathsWhere(({ path, text }) => writes.test(text) && !may.some((place) => place.test(path)), production),
    [],
  );
});

habits("reads time in the clock's file alone", () => {
  // The station's, and the one of the machine that a page runs on.
  const clocks = ["drivers/clock.ts", "agent/web/verify/dom.ts"];
  const reads = /Date\.now\(|new Date\(\)|process\.hrtime|performance\.now/;
  assert.equal(
    pathsWhere(({ path, text }) => !clocks.includes(path) && reads.test(text), production),
    [],
  );
});

habits("runs every suite to its end, and leaves none alone or out", () => {
  const files = sources.filter(({ path }) => path.endsWith(".test.ts"));
  for (const { path, text } of files) {
    const declared = [...text.matchAll(/(\w+)\s*=\s*suite\(/g)].map((match) => match[1] ?? "");
    assert.ok(declared.length > 0, `${path} has no suite`);
    for (const name of declared)
      assert.match(text, new RegExp(`\\b${name}\\.run\\(\\)`), `${path}: suite ${name} never runs`);
    assert.not.match(text, /\w\.(?:only|skip)\(/, path);
  }
});

habits("speaks of no machine that it was written on", () => {
  const written = [...sources.map(({ path }) => path), "package.json", "README.md", ".ci/run"];
  const home = new RegExp(["/wo", "rk/|/fa", "rm/|/ro", "ot/"].join(""));
  assert.equal(
    written.filter((path) => home.test(readFileSync(join(root, path), "utf8"))),
    [],
  );
  const lock = readFileSync(join(root, "package-lock.json"), "utf8");
  assert.not.match(lock, /"resolved": "https?:/);
});

habits.run();
