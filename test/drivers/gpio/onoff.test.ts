// The real onoff, unchanged, on files that behave as the kernel's: a mount namespace of its own with a FUSE file system
// at /sys/class/gpio.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { limitProcess } from "../../support/time/time-limit.js";

/** Of time in which a processor was free for it. */
const boundMs = 30_000;
const rightMissing = 77;
const setUpFailed = 78;
/**
 * Each step names itself where it fails; only one that the kernel does not allow is a missing right. `mount -i`: where
 * the package fuse3 is installed, mount would call its helper, which knows no `fd`.
 */
const setUp = `
step() {
  words=$("$@" 2>&1) && return
  echo "$*: $words" >&2
  case "$words" in *"not permitted"*|*"ermission denied"*) exit ${rightMissing};; esac
  exit ${setUpFailed}
}
step mount -t tmpfs tmpfs /sys/class
step mkdir /sys/class/gpio
if ! [ -e /dev/fuse ]; then echo "/dev/fuse is not given to this machine" >&2; exit ${rightMissing}; fi
step sh -c ': 3<>/dev/fuse'
exec 3<>/dev/fuse
step mount -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0 pins /sys/class/gpio
exec "$@"`;

type Ran = { readonly code: number | null; readonly out: string; readonly err: string };

const world = fileURLToPath(new URL("onoff-world.js", import.meta.url));

/** Runs a command in the namespace, after its set-up; `steps` in place of the set-up. */
function inNamespace(command: readonly string[], steps = setUp): Promise<Ran> {
  const flags = process.getuid?.() === 0 ? "-m" : "-rm";
  return new Promise((resolve) => {
    const child = spawn("unshare", [flags, "sh", "-c", steps, "sh", ...command], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, LC_ALL: "C" },
    });
    const stopWatching = limitProcess(child.pid ?? -1, boundMs, () => child.kill("SIGKILL"));
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
    child.on("error", (error) => resolve({ code: setUpFailed, out, err: error.message }));
    child.on("close", (code) => {
      stopWatching();
      resolve({ code, out, err });
    });
  });
}

/**
 * Why this machine does not let us make such a namespace; undefined = it does, or what failed is another matter. A
 * machine whose limit of user namespaces is 0 says that there is no space.
 */
function missingRight({ code, err }: Ran): string | undefined {
  const refused = /^unshare: .*(not permitted|[Pp]ermission denied|No space left on device)/.test(err);
  return code === rightMissing || refused ? err.trim().replaceAll("\n", "; ") : undefined;
}

const test = suite("onoff in a mount namespace");

for (const [rows, label, base, lines] of [
  ["contract", "pinctrl-bcm2711", "512", "58"],
  ["contract", "pinctrl-rp1", "569", "54"],
  ["contract", "pinctrl-bcm2835", "0", "54"],
  ["trouble", "pinctrl-bcm2711", "512", "58"],
  ["refusals", "raspberrypi-exp-gpio", "570", "8"],
  ["open", "pinctrl-bcm2711", "512", "58"],
] as const)
  test(`${rows}: chip ${label} with base ${base}`, async () => {
    const ran = await inNamespace([process.execPath, "--enable-source-maps", world, rows, label, base, lines]);
    const missing = missingRight(ran);
    if (missing !== undefined)
      return void console.log(`\nSKIPPED onoff in a mount namespace (${rows}, ${label}): ${missing}`);
    console.log(ran.out.trimEnd());
    assert.is(ran.code, 0, `exit ${ran.code}\n${ran.err}`);
  });

// Six contracts once passed without being tried wherever fuse3 was installed: any failure of the set-up counted.
test("a set-up that fails for another reason than a missing right is a failure", async () => {
  const broken = setUp.replace("mount -i -t fuse", "mount -i -t no-such-file-system");
  const ran = await inNamespace(["true"], broken);
  if (missingRight(ran) !== undefined && !ran.err.includes("no-such-file-system"))
    return void console.log(`\nSKIPPED the set-up of onoff's namespace: ${missingRight(ran)}`);
  assert.is(missingRight(ran), undefined, ran.err);
  assert.is(ran.code, setUpFailed, ran.err);
  assert.match(ran.err, /^mount -i -t no-such-file-system/);
});

test.run();
