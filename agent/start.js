#!/usr/bin/env node
// The bootstrap: brings a fresh clone to a built program, then hands over. Plain JavaScript, because nothing is built
// yet. It installs only when the lock file or Node's ABI changed, compiles only when a source changed, and speaks on
// stderr alone.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const say = (text) => process.stderr.write(`chargetill: ${text}\n`);

/** What the scripts of package.json ask for, and the built program that answers. */
const programs = {
  "--test": ["test/run.js"],
  "--coverage": ["test/run.js", "--coverage"],
  "--bench": ["test/bench/run.js"],
  "--soak": ["test/soak/run.js"],
};

const inPackage = (path) => join(root, "node_modules", path);
const typescript = inPackage("typescript/bin/tsc");
const biome = inPackage("@biomejs/biome/bin/biome");

/** What is run on the sources themselves; these need no build. */
const tools = {
  "--check": [
    { name: "format and lint", args: [biome, "check", "--max-diagnostics=200"] },
    { name: "types", args: [typescript, "-p", "tsconfig.json", "--noEmit"] },
    { name: "unused exports and files", args: [inPackage("knip/bin/knip.js")] },
  ],
  "--format": [{ name: "format", args: [biome, "check", "--write", "--linter-enabled=false"] }],
};

function fail(text) {
  say(text);
  process.exit(1);
}

function run(command, args, env = process.env) {
  // Everything the tools print goes to stderr: stdout belongs to the command that was asked for.
  const done = spawnSync(command, args, { cwd: root, env, stdio: ["ignore", 2, 2] });
  if (done.error) fail(`${command} could not be started: ${done.error.message}`);
  if (done.status !== 0) fail(`${command} ${args[0] ?? ""} failed (exit ${done.status}); its words stand above`);
}

const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const stamp = (file) => (existsSync(file) ? readFileSync(file, "utf8").trim() : "");

function install() {
  const wanted = sha256(
    `${readFileSync(join(root, "package-lock.json"), "utf8")}abi ${process.versions.modules} ${process.arch}`,
  );
  const mark = join(root, "node_modules", ".chargetill");
  if (stamp(mark) === wanted) return;
  const env = { ...process.env };
  // epoll and spi-device compile against Node's headers; node-gyp would download them unless told where they lie.
  const prefix = dirname(dirname(process.execPath));
  if (existsSync(join(prefix, "include", "node", "node.h"))) env.npm_config_nodedir = prefix;
  else if (!env.npm_config_nodedir)
    say(`no ${prefix}/include/node/node.h: if the build below fails, install Node's headers (Debian: libnode-dev)`);
  // Dev dependencies are the compiler and the tests: a NODE_ENV of production must not leave them out here.
  delete env.NODE_ENV;
  say("installing packages (once)");
  rmSync(mark, { force: true });
  run("npm", ["ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"], env);
  writeFileSync(mark, wanted);
}

function sources(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return sources(path);
      return entry.name.endsWith(".ts") ? [path] : [];
    });
}

/** Removes compiled files of sources that are no longer there. `kept` = paths without their ending. */
function removeOutputsWithout(kept, folder = "") {
  for (const entry of readdirSync(join(root, "dist", folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) removeOutputsWithout(kept, path);
    else if (/\.js(\.map)?$/.test(path) && !kept.has(path.replace(/\.js(\.map)?$/, "")))
      rmSync(join(root, "dist", path));
  }
}

const pageBuilder = join("agent", "web", "build-pages.js");

function build() {
  const files = ["agent", "drivers", "config", "test"].flatMap(sources);
  const wanted = sha256(
    ["tsconfig.json", "package-lock.json", "package.json", "config/receipt.schema.json", pageBuilder, ...files]
      .map((f) => f + readFileSync(join(root, f), "utf8"))
      .join("\0"),
  );
  const mark = join(root, "dist", ".built");
  if (stamp(mark) === wanted) return;
  say("compiling");
  // The compiler builds upon what it made before; a file whose source is gone goes, or its test would go on running.
  if (stamp(mark) === "") rmSync(join(root, "dist"), { recursive: true, force: true });
  else removeOutputsWithout(new Set(files.map((file) => file.replace(/\.ts$/, ""))));
  mkdirSync(join(root, "dist"), { recursive: true });
  writeFileSync(mark, "unfinished");
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  run(process.execPath, [compiler, "-p", "tsconfig.json", "--incremental", "--tsBuildInfoFile", "dist/.tsbuildinfo"]);
  run(process.execPath, [join(root, pageBuilder)]);
  writeFileSync(mark, wanted);
}

/** Runs all of a list's tools, also after one that failed; names those that did and ends. */
function runTools(list, args) {
  const failed = list.filter(
    (tool) => spawnSync(process.execPath, [...tool.args, ...args], { cwd: root, stdio: "inherit" }).status !== 0,
  );
  if (failed.length > 0) fail(`failed: ${failed.map(({ name }) => name).join(", ")}`);
  say(`fine: ${list.map(({ name }) => name).join(", ")}`);
  process.exit(0);
}

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19))
  fail(`Node ${process.versions.node} is too old: 20.19 or newer is needed`);
const [, , first = "", ...rest] = process.argv;
install();
if (Object.hasOwn(tools, first)) runTools(tools[first], rest);
build();
if (first !== "--build") {
  const [program, ...args] = Object.hasOwn(programs, first)
    ? [...programs[first], ...rest]
    : ["agent/cli.js", ...process.argv.slice(2)];
  const target = join(root, "dist", program);
  process.argv = [process.argv[0], target, ...args];
  await import(target);
}
