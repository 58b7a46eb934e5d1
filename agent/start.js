#!/usr/bin/env node
// The bootstrap: brings a fresh clone to a built program, then hands over. Plain JavaScript, because nothing is built
// yet. It installs only when the lock file or Node's ABI changed, compiles only when a source changed, and speaks on
// stderr alone.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const say = (text) => process.stderr.write(`chargetill: ${text}\n`);

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
    readFileSync(join(root, "package-lock.json")) + `abi ${process.versions.modules} ${process.arch}`,
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

function build() {
  const files = ["agent", "drivers", "config", "test"].flatMap(sources);
  const wanted = sha256(
    ["tsconfig.json", "package-lock.json", ...files].map((f) => f + readFileSync(join(root, f), "utf8")).join("\0"),
  );
  const mark = join(root, "dist", ".built");
  if (stamp(mark) === wanted) return;
  say("compiling");
  rmSync(join(root, "dist"), { recursive: true, force: true });
  run(process.execPath, [join(root, "node_modules", "typescript", "bin", "tsc"), "-p", "tsconfig.json"]);
  writeFileSync(mark, wanted);
}

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19))
  fail(`Node ${process.versions.node} is too old: 20.19 or newer is needed`);
install();
build();

const [, , first, ...rest] = process.argv;
const entry = { "--test": "test/run.js", "--bench": "test/bench/run.js", "--soak": "test/soak/run.js" }[first];
if (first !== "--build") {
  const target = join(root, "dist", entry ?? "agent/cli.js");
  process.argv = [process.argv[0], target, ...(entry ? rest : process.argv.slice(2))];
  await import(target);
}
