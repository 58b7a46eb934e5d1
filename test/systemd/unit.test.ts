// The unit that systemd runs us by: what it promises is in it, systemd understands all of it, and it exposes as little
// as the devices allow.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { freshFolder } from "../support/command.js";
import { isInstalled } from "../support/is-installed.js";

const folder = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..", "systemd");
const textOf = (unit: string): string => readFileSync(join(folder, unit), "utf8");
type Setting = { readonly key: string; readonly value: string };
/** Every `Key=value` of a unit, in order; what is commented out is not there. */
const settingsOf = (unit: string): Setting[] =>
  [...textOf(unit).matchAll(/^([A-Z][A-Za-z]+)=(.*)$/gm)].map(([, key = "", value = ""]) => ({ key, value }));
const valuesIn = (settings: readonly Setting[], key: string): string[] =>
  settings.filter((one) => one.key === key).map(({ value }) => value);
const units = [
  "chargetill.service",
  "chargetill-opener.service",
  "chargetill-page.service",
  "chargetill-console.service",
] as const;
const settings = settingsOf(units[0]);
const values = (key: string): string[] => valuesIn(settings, key);

const test = suite("the unit");

test("systemd waits for our word, watches us, and starts us again for ever unless a person must mend the call or the config", () => {
  assert.equal(values("Type"), ["notify"]);
  assert.equal(values("NotifyAccess"), ["all"]);
  assert.ok(Number(values("WatchdogSec")[0]) >= 30, "three pings of 10 s");
  assert.equal(values("WatchdogSignal"), ["SIGKILL"], "a stopped process heeds nothing else");
  assert.equal(values("Restart"), ["always"]);
  assert.equal(values("StartLimitIntervalSec"), ["0"]);
  assert.equal(values("RestartPreventExitStatus"), ["2 78"]);
  assert.ok(
    Number(values("RestartSteps")[0]) > 1 && Number(values("RestartMaxDelaySec")[0]) > Number(values("RestartSec")[0]),
  );
});

test("however the agent ends, the contactors are opened by its list, else by the config, and a fault in that fails nothing", () => {
  assert.match(
    values("ExecStopPost")[0] ?? "",
    /^-\S+\/chargetill-pins open \/run\/chargetill\/contactors \/usr\/bin\/chargetill contactor open --all --config /,
  );
});

test("the opener is started before the agent, outlives it in a unit of its own, and may do no more than open and end it", () => {
  const opener = (key: string): string[] => valuesIn(settingsOf(units[1]), key);
  assert.ok(values("Wants").includes(units[1]) && values("After").includes(units[1]));
  for (const bound of ["PartOf", "BindsTo", "StopWhenUnneeded"]) assert.equal(opener(bound), [], bound);
  assert.equal([opener("Restart"), opener("StartLimitIntervalSec")], [["always"], ["0"]]);
  for (const key of ["User", "Group", "RuntimeDirectory", "RuntimeDirectoryPreserve"])
    assert.equal(opener(key), values(key), key);
  assert.equal(opener("RuntimeDirectoryPreserve"), ["yes"], "whoever ends first takes the other's files otherwise");
  assert.equal(opener("DeviceAllow"), ["char-gpiochip rw"]);
  // It could see nothing of the agent behind these.
  for (const key of ["PrivateUsers", "ProtectProc", "ProcSubset", "PrivatePIDs"]) assert.equal(opener(key), [], key);
});

test("the driver's page has a user of its own, and no key, device, config or state folder; it is started by its socket alone", () => {
  const page = (key: string): string[] => valuesIn(settingsOf(units[2]), key);
  assert.equal([page("User"), page("SupplementaryGroups")], [["chargetill-page"], []]);
  assert.equal([page("StateDirectory"), page("LoadCredential"), page("DeviceAllow")], [[], [], []]);
  assert.equal(
    [page("DevicePolicy"), page("PrivateDevices"), page("CapabilityBoundingSet")],
    [["closed"], ["yes"], [""]],
  );
  for (const hidden of ["/etc/chargetill", "/var/lib/chargetill", "/var/lib/chargetill-number", "/run/chargetill"])
    assert.ok(page("InaccessiblePaths")[0]?.split(" ").includes(`-${hidden}`), hidden);
  // Started by the path unit where the socket is, and wanted by nothing else.
  assert.equal(page("WantedBy"), []);
  const [socket = ""] = valuesIn(settingsOf("chargetill-page.path"), "PathExists");
  assert.match(page("ExecStart")[0] ?? "", new RegExp(` page --socket ${socket}$`));
  const folder = /^d (\S+) (\d+) (\S+) (\S+)/gm;
  const made = [...textOf("tmpfiles.conf").matchAll(folder)].find(([, path]) => path === dirname(socket));
  // By the folder's group and set-group-id bit the station's socket is the page's group's.
  assert.equal(made?.slice(2), ["2750", "chargetill", "chargetill-page"]);
  assert.ok(values("ReadWritePaths")[0]?.includes(`-${dirname(socket)}`));
});

test("what would break V8 or hide the devices is left out; devices are named one by one", () => {
  for (const key of ["MemoryDenyWriteExecute", "PrivateDevices", "ProcSubset"]) assert.equal(values(key), [], key);
  assert.equal(values("DevicePolicy"), ["closed"]);
  assert.match(values("RestrictAddressFamilies")[0] ?? "", /AF_UNIX.*AF_NETLINK/);
});

test("every setting stands there once, but for the lists", () => {
  const lists = ["Wants", "After", "DeviceAllow", "SystemCallFilter"];
  for (const unit of units) {
    const once = settingsOf(unit)
      .map(({ key }) => key)
      .filter((key) => !lists.includes(key));
    assert.equal(
      once.filter((key, index) => once.indexOf(key) !== index),
      [],
      unit,
    );
  }
});

test.run();

const systemd = suite("systemd's own opinion");
const isThere = isInstalled("systemd-analyze");
const version = Number(
  /^systemd (\d+)/.exec(spawnSync("systemd-analyze", ["--version"], { encoding: "utf8" }).stdout ?? "")?.[1],
);
/**
 * Restart delays that grow came with systemd 254; an older one says so, names them, and restarts us at the same pace.
 */
const isTooNew = (line: string): boolean =>
  version < 254 && /Unknown key '?(name )?'?(RestartSteps|RestartMaxDelaySec)/.test(line);

if (!isThere) {
  console.log("SKIPPED systemd-analyze verify and security: systemd-analyze is not installed");
  systemd("would be asked where it is installed", () => undefined);
} else {
  systemd("tells its version", () => assert.ok(version > 200, String(version)));

  for (const unit of units) {
    systemd(`verify finds nothing to say of ${unit}`, () => {
      // The commands themselves are not installed where tests run; all else is judged as it stands.
      const path = join(freshFolder(), unit);
      writeFileSync(
        path,
        textOf(unit).replaceAll(/\/usr\/(bin|lib\/chargetill)\/chargetill(-pins)?(?= )/g, "/bin/true"),
      );
      const { stdout, stderr, status } = spawnSync("systemd-analyze", ["verify", path], { encoding: "utf8" });
      assert.equal(
        `${stdout}${stderr}`.split("\n").filter((line) => line.includes("chargetill") && !isTooNew(line)),
        [],
      );
      if (version >= 254) assert.is(status, 0);
    });

    systemd(`the exposure of ${unit} is 1.5 or less`, () => {
      const { stdout, status } = spawnSync(
        "systemd-analyze",
        ["security", "--offline=true", "--threshold=15", join(folder, unit)],
        { encoding: "utf8" },
      );
      assert.is(
        status,
        0,
        stdout
          .split("\n")
          .filter((line) => /✗|exposure/.test(line))
          .join("\n"),
      );
    });
  }

  systemd("sysusers makes the user with its groups, tmpfiles the folders", () => {
    if (process.getuid?.() !== 0)
      return void console.log("SKIPPED sysusers and tmpfiles: only root may make users in a tree");
    const root = freshFolder();
    mkdirSync(join(root, "etc"));
    const users = spawnSync("systemd-sysusers", [`--root=${root}`, join(folder, "sysusers.conf")], {
      encoding: "utf8",
    });
    assert.is(users.status, 0, users.stderr);
    const groups = readFileSync(join(root, "etc", "group"), "utf8");
    for (const group of ["dialout", "spi", "gpio"])
      assert.match(groups, new RegExp(`^${group}:x:\\d+:chargetill$`, "m"));
    const files = spawnSync("systemd-tmpfiles", ["--create", `--root=${root}`, join(folder, "tmpfiles.conf")], {
      encoding: "utf8",
    });
    assert.is(files.status, 0, files.stderr);
    assert.is(statSync(join(root, "etc", "chargetill")).mode & 0o777, 0o750);
    assert.is(statSync(join(root, "var", "lib", "chargetill")).mode & 0o777, 0o750);
  });
}

systemd.run();
