// Guards the house: where arrows may go, what the core may not touch, who may import which package, suites that run,
// files nobody needs.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const test = suite("the house is tidy");

function sourcesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sourcesIn(path);
    return /\.ts$/.test(entry.name) ? [path] : [];
  });
}

type Source = { readonly path: string; readonly text: string; readonly imports: readonly string[] };
const sources: readonly Source[] = ["agent", "drivers", "config", "test"].flatMap(sourcesIn).map((path) => {
  const text = readFileSync(join(root, path), "utf8");
  const imports = [
    ...text.matchAll(
      /(?:^import\s[^;]*?from\s+|^import\s+|^export\s[^;]*?from\s+|\bimport\(\s*|\brequire\(\s*)"([^"]+)"/gm,
    ),
  ].map((match) => match[1] ?? "");
  return {
    path,
    text,
    imports: imports.map((name) =>
      name.startsWith(".") ? normalize(join(dirname(path), name)).replace(/\.js$/, ".ts") : name,
    ),
  };
});
const wing = (path: string): string => path.split("/")[0] ?? "";
const violations = (rule: (source: Source, name: string) => boolean): string[] =>
  sources.flatMap((source) =>
    source.imports.filter((name) => rule(source, name)).map((name) => `${source.path} imports ${name}`),
  );
const isOurs = (name: string): boolean => /^(agent|drivers|config|test)\//.test(name);

test("arrows run down only: agent, drivers, config; nothing sees test", () => {
  const below: Record<string, readonly string[]> = {
    agent: ["agent", "drivers", "config"],
    drivers: ["drivers", "config"],
    config: ["config"],
    test: ["agent", "drivers", "config", "test"],
  };
  assert.equal(
    violations((source, name) => isOurs(name) && !(below[wing(source.path)] ?? []).includes(wing(name))),
    [],
  );
});

/** Pure functions that wings below the agent need too: they lie there, and hold what the core holds. */
const pureBelow: readonly string[] = ["config/decimal.ts", "config/languages.ts", "config/nearest-name.ts"];

test("the core is pure: core files, pure files below it, the drivers' plain data and config types only", () => {
  const isCore = (path: string): boolean => path.startsWith("agent/core/") || pureBelow.includes(path);
  const inCore = sources.filter(({ path }) => isCore(path));
  assert.ok(inCore.length > 10);
  const allowed = (name: string): boolean =>
    isCore(name) || name === "drivers/driver.ts" || name === "config/schema.ts";
  assert.equal(
    violations((source, name) => isCore(source.path) && !allowed(name)),
    [],
  );
  for (const { path, text } of inCore) {
    const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
    assert.not.match(code, /\basync\b|\bawait\b|Date\.now|new Date\(\)|Math\.random|process\.|console\./, path);
    for (const [, what] of code.matchAll(
      /import\s+(?!type)([^;]*?)from\s+"[^"]*(?:drivers\/driver|config\/schema)\.js"/g,
    ))
      assert.match(what ?? "", /^\{\s*(type\s+\w+,?\s*)+\}\s*$/, `${path} imports values from outside the core`);
  }
});

test("each package has one home", () => {
  const home: Record<string, RegExp> = {
    "node-cron": /^agent\/app\//,
    lowdb: /^agent\/ledger\//,
    serialport: /^drivers\/meter\//,
    "modbus-serial": /^drivers\/meter\//,
    onoff: /^drivers\/gpio\//,
    "mfrc522-rpi": /^drivers\/rfid\//,
    "spi-device": /^drivers\/rfid\//,
    ws: /^agent\/sync\/ocpp\//,
    yaml: /^config\//,
    commander: /^agent\/(cli\.ts$|commands\/)/,
    pino: /^agent\/app\/run\.ts$/,
  };
  assert.equal(
    violations(({ path }, name) => wing(path) !== "test" && home[name] !== undefined && !home[name].test(path)),
    [],
  );
  for (const name of Object.keys(home))
    assert.ok(
      sources.some(({ path, imports }) => wing(path) !== "test" && imports.includes(name)),
      `${name} does no work`,
    );
});

test("all that lasts is written by one hand", () => {
  const writes = /\b(?:writeFile|appendFile|createWriteStream|renameSync|writeSync|fdatasync)\w*\(/;
  // The owner's side of a command writes into a pipe, which lasts no longer than it; what comes out there is written by
  // the one hand.
  const may =
    /^agent\/ledger\/|^drivers\/bench\/world-file\.ts$|^agent\/control\/state-lock\.ts$|^drivers\/gpio\/onoff-port\.ts$|^agent\/control\/privileges\.ts$/;
  assert.equal(
    sources
      .filter(({ path, text }) => wing(path) !== "test" && !may.test(path) && writes.test(text))
      .map(({ path }) => path),
    [],
  );
});

test("only the clock file reads time", () => {
  const reads = /Date\.now\(|new Date\(\)|process\.hrtime|performance\.now/;
  assert.equal(
    sources
      .filter(
        ({ path, text }) =>
          (path.startsWith("agent/") || path.startsWith("drivers/")) && path !== "drivers/clock.ts" && reads.test(text),
      )
      .map(({ path }) => path),
    [],
  );
});

test("every suite ends in .run(), and none is left alone or left out", () => {
  const files = sources.filter(({ path }) => path.endsWith(".test.ts"));
  for (const { path, text } of files) {
    const declared = [...text.matchAll(/(\w+)\s*=\s*suite\(/g)].map((match) => match[1] ?? "");
    assert.ok(declared.length > 0, `${path} has no suite`);
    for (const name of declared)
      assert.match(text, new RegExp(`\\b${name}\\.run\\(\\)`), `${path}: suite ${name} never runs`);
    assert.not.match(text, /\w\.(?:only|skip)\(/, path);
  }
});

test("no file is there for nobody", () => {
  const entries =
    /^agent\/cli\.ts$|\.test\.ts$|^test\/(?:run|bench\/.*|soak\/.*)\.ts$|worker\.ts$|\.d\.ts$|-(?:child|racer)\.ts$/;
  const wanted = new Set(sources.flatMap(({ imports }) => imports));
  assert.equal(
    sources.filter(({ path }) => !entries.test(path) && !wanted.has(path)).map(({ path }) => path),
    [],
  );
});

test("no barrels, and no names that name nothing", () => {
  assert.equal(
    sources
      .filter(({ path }) => /(?:^|\/)(?:index|utils?|helpers?|managers?|common|misc)\.ts$/.test(path))
      .map(({ path }) => path),
    [],
  );
});

test("the top level holds what was agreed, and no other folder", () => {
  const folders = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
    .map(({ name }) => name);
  assert.equal(
    folders.filter((name) => !["agent", "drivers", "config", "systemd", "test", "dist", "node_modules"].includes(name)),
    [],
  );
  const lock = readFileSync(join(root, "package-lock.json"), "utf8");
  assert.not.match(lock, /"resolved": "https?:/);
  assert.ok(existsSync(join(root, "LICENSE")));
});

test("no source speaks of the machine it was written on", () => {
  const tracked = [...sources.map(({ path }) => path), "package.json", "README.md", ".ci/run"].filter((path) =>
    existsSync(join(root, path)),
  );
  const home = new RegExp(["/wo", "rk/|/fa", "rm/|/ro", "ot/"].join(""));
  assert.equal(
    tracked
      .filter((path) => home.test(readFileSync(join(root, path), "utf8")))
      .map((path) => relative(root, join(root, path))),
    [],
  );
});

test.run();
