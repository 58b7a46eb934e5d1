#!/usr/bin/env node
// Makes the Debian package of what is built here: the program with its node_modules, the unit, the user, the device
// rules. Native modules are bound to Node's major version, so it refuses unless this Node is the one that the target
// has (--node, default 20: Debian 13 and the Raspberry Pi OS made of it). Plain JavaScript, like the bootstrap: it
// builds first.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const say = (text) => process.stderr.write(`chargetill: ${text}\n`);

function fail(text) {
  say(text);
  process.exit(1);
}

function run(command, args, options = {}) {
  const done = spawnSync(command, args, { encoding: "utf8", ...options });
  if (done.error) fail(`${command} could not be started: ${done.error.message}`);
  if (done.status !== 0) fail(`${command} ${args.join(" ")} failed (exit ${done.status}): ${done.stderr ?? ""}`);
  return (done.stdout ?? "").trim();
}

const { values: options } = wordsGiven({
  options: {
    node: { type: "string", default: "20" },
    out: { type: "string", default: join(root, "dist") },
    fast: { type: "boolean", default: false },
    // Built, and only what runs is installed: release.sh has done both, for this architecture and these Nodes.
    installed: { type: "boolean", default: false },
    architecture: { type: "string" },
    nodes: { type: "string" },
  },
});
const major = Number(process.versions.node.split(".")[0]);
if (String(major) !== options.node)
  fail(
    `this is Node ${process.versions.node}, and the package is for Node ${options.node}: its native modules would not load there. Run this with Node ${options.node}, or name another target with --node.`,
  );

const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const architecture = options.architecture ?? run("dpkg", ["--print-architecture"]);
const nodes = options.nodes?.split(" ").map(Number) ?? [major];
if (!options.installed)
  run(process.execPath, [join(root, "agent", "start.js"), "--build"], { stdio: ["ignore", 2, 2] });

const stage = mkdtempSync(join(tmpdir(), "chargetill-package-"));
const place = (...path) => {
  const target = join(stage, ...path);
  mkdirSync(dirname(target), { recursive: true });
  return target;
};
const copy = (from, ...to) =>
  cpSync(join(root, from), place(...to), { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
const write = (text, mode, ...to) => {
  writeFileSync(place(...to), text);
  chmodSync(join(stage, ...to), mode);
};

function* filesIn(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesIn(path);
    else yield path;
  }
}

// ---- the program, as it runs from a checkout, without what only builds or tests it
const home = ["usr", "lib", "chargetill"];
for (const folder of ["agent", "drivers", "config"]) copy(join("dist", folder), ...home, "dist", folder);
copy("config", ...home, "config");
for (const file of ["package.json", "package-lock.json", "LICENSE", "drivers/rfid/rpio"]) copy(file, ...home, file);
copy("node_modules", ...home, "node_modules");
const app = join(stage, ...home);
const prune = ["prune", "--omit=dev", "--offline", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
if (!options.installed) run("npm", prune, { cwd: app });
rmSync(join(app, "package-lock.json"));
for (const path of filesIn(app))
  if (
    /\.(ts|mts|cts|o|a|md|markdown|c|cc|h|gyp|gypi)$|\.d\.ts\.map$|(^|\/)(Makefile|\.chargetill|\.package-lock\.json)$|\/obj\.target\//.test(
      path,
    ) &&
    !/licen[cs]e|copying|notice/i.test(path)
  )
    rmSync(path);
for (const name of ["nan", "node-addon-api", ".bin", "rpi-softspi/build"])
  rmSync(join(app, "node_modules", name), { recursive: true, force: true });
// Of the font two weights are drawn with, of pdfkit what Node loads.
const drawn = /noto-sans\/(400Regular|700Bold)\/[^/]+\.ttf$|pdfkit\/js\/(pdfkit\.js$|data\/)/;
for (const name of [join("@expo-google-fonts", "noto-sans"), join("pdfkit", "js")])
  for (const path of filesIn(join(app, "node_modules", name)))
    if (!drawn.test(path) && !/licen[cs]e|package\.json$/i.test(path)) rmSync(path);
const prebuilds = join(app, "node_modules", "@serialport", "bindings-cpp", "prebuilds");
const nodeArchitecture = `linux-${{ amd64: "x64", arm64: "arm64", armhf: "arm" }[architecture] ?? process.arch}`;
if (existsSync(prebuilds))
  for (const name of readdirSync(prebuilds))
    if (name !== nodeArchitecture) rmSync(join(prebuilds, name), { recursive: true });
for (const path of filesIn(join(app, "node_modules")))
  if (!lstatSync(path).isSymbolicLink()) chmodSync(path, path.endsWith(".node") ? 0o755 : 0o644);

// ---- what opens the contactors when the program cannot
const { compilePins } = await import(join(root, "dist", "drivers", "gpio", "port", "pins-program.js"));
compilePins(join(root, "drivers", "gpio", "pins"), place(...home, "chargetill-pins"));

// ---- where Debian looks for things
write(
  `#!/bin/sh\n# Node starts with no fewer files than these, and says so by a stack trace only.\n[ "$(ulimit -n)" = unlimited ] || [ "$(ulimit -n)" -ge 128 ] || ulimit -S -n 1024 2>/dev/null ||\n  echo "chargetill: only $(ulimit -n) files may be open at once, which is too few: ulimit -n 1024" >&2\n# The Node of a Debian package, Debian's own or a newer one: the native modules inside are built for it.\nexec /usr/bin/node /usr/lib/chargetill/dist/agent/cli.js "$@"\n`,
  0o755,
  "usr",
  "bin",
  "chargetill",
);
for (const unit of [
  "chargetill.service",
  "chargetill-opener.service",
  "chargetill-page.service",
  "chargetill-page.path",
  "chargetill-console.service",
  "chargetill-display.service",
])
  copy(`systemd/${unit}`, "usr", "lib", "systemd", "system", unit);
copy("systemd/sysusers.conf", "usr", "lib", "sysusers.d", "chargetill.conf");
copy("systemd/tmpfiles.conf", "usr", "lib", "tmpfiles.d", "chargetill.conf");
copy("systemd/modules-load.conf", "usr", "lib", "modules-load.d", "chargetill.conf");
copy("systemd/60-chargetill.rules", "usr", "lib", "udev", "rules.d", "60-chargetill.rules");
copy("config/station.example.yaml", "etc", "chargetill", "station.example.yaml");
copy("config/tariffs", "etc", "chargetill", "tariffs");
copy("LICENSE", "usr", "share", "doc", "chargetill", "copyright");
// Where they lie in the sources, so that their links to each other hold.
for (const document of [
  "README.md",
  "CHANGELOG.md",
  "agent/README.md",
  "agent/live-view.svg",
  "agent/commands/README.md",
  "agent/web/README.md",
  "agent/web/page.png",
  "agent/web/display.png",
  "agent/ledger/README.md",
  "agent/sync/README.md",
  "config/README.md",
  "config/meters/README.md",
  "systemd/INSTALL.md",
  "systemd/wiring.svg",
])
  copy(document, "usr", "share", "doc", "chargetill", ...document.split("/"));
const completion = spawnSync(process.execPath, [join(root, "dist", "agent", "cli.js"), "completion"], {
  encoding: "utf8",
});
if (completion.status === 0 && completion.stdout !== "")
  write(completion.stdout, 0o644, "usr", "share", "bash-completion", "completions", "chargetill");

// ---- what dpkg wants to know
const shipped = [...filesIn(stage)].map((path) => relative(stage, path)).sort();
const kilobytes = Math.ceil(shipped.reduce((sum, path) => sum + lstatSync(join(stage, path)).size, 0) / 1024);
write(
  `Package: chargetill
Version: ${version}
Architecture: ${architecture}
Maintainer: chargetill maintainers <chargetill@example.org>
Installed-Size: ${kilobytes}
Depends: nodejs (>= ${nodes[0] === 20 ? "20.19" : nodes[0]}), nodejs (<< ${(nodes.at(-1) ?? major) + 1}), libc6, libstdc++6, procps, systemd
Suggests: bash-completion
Section: misc
Priority: optional
Description: billing agent for EV charge points
 A billing agent that runs inside the charge point: it reads the energy meter
 over Modbus RTU and cards over SPI, switches the contactor, prices the session
 while it runs, and issues signed receipts that stand up offline.
`,
  0o644,
  "DEBIAN",
  "control",
);
write(
  shipped
    .filter((path) => path.startsWith("etc/"))
    .map((path) => `/${path}\n`)
    .join(""),
  0o644,
  "DEBIAN",
  "conffiles",
);
write(
  shipped
    .filter((path) => !lstatSync(join(stage, path)).isSymbolicLink())
    .map(
      (path) =>
        `${createHash("md5")
          .update(readFileSync(join(stage, path)))
          .digest("hex")}  ${path}\n`,
    )
    .join(""),
  0o644,
  "DEBIAN",
  "md5sums",
);
for (const script of ["preinst", "postinst", "prerm", "postrm"])
  if (existsSync(join(root, "systemd", "debian", script)))
    write(readFileSync(join(root, "systemd", "debian", script), "utf8"), 0o755, "DEBIAN", script);
for (const path of shipped)
  if (
    path.startsWith("etc/") ||
    path.startsWith("usr/share") ||
    /^usr\/lib\/(systemd|sysusers|tmpfiles|modules|udev)/.test(path)
  )
    chmodSync(join(stage, path), 0o644);
for (const folder of foldersIn(stage)) chmodSync(folder, 0o755);

function* foldersIn(folder) {
  yield folder;
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) yield* foldersIn(join(folder, entry.name));
}

// The same sources give the same package: dates are those of the newest source, owners are root.
const newest = Math.max(
  ...[...filesIn(join(root, "systemd")), join(root, "package.json"), join(root, "dist", ".built")].map(
    (path) => statSync(path).mtimeMs,
  ),
);
const name = `chargetill_${version}_${architecture}.deb`;
const target = join(resolve(options.out), name);
mkdirSync(dirname(target), { recursive: true });
run("dpkg-deb", ["--root-owner-group", ...(options.fast ? ["-Zgzip", "-z1"] : []), "--build", stage, `${target}.new`], {
  env: { ...process.env, SOURCE_DATE_EPOCH: process.env.SOURCE_DATE_EPOCH ?? String(Math.floor(newest / 1000)) },
});
renameSync(`${target}.new`, target);
rmSync(stage, { recursive: true });
process.stdout.write(`${target}\n`);

/** The command's words, or a sentence and exit 2. */
function wordsGiven(known) {
  try {
    return parseArgs(known);
  } catch (error) {
    console.error(
      `package: ${error.message.split(". ")[0]}; expected --node MAJOR, --out DIR, --fast, --installed, --architecture NAME, --nodes LIST`,
    );
    process.exit(2);
  }
}
