// The real onoff, unchanged, on files that behave as the kernel's: a mount namespace of its own with a FUSE file system
// at /sys/class/gpio.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const boundMs = 30_000;
const setUpFailed = 77;
const setUp = `
mount -t tmpfs tmpfs /sys/class && mkdir /sys/class/gpio && (: 3<>/dev/fuse) || exit ${setUpFailed}
exec 3<>/dev/fuse
mount -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0 pins /sys/class/gpio || exit ${setUpFailed}
exec "$@"`;

type Ran = { readonly code: number | null; readonly out: string; readonly err: string };

function inNamespace(...args: string[]): Promise<Ran> {
  const world = fileURLToPath(new URL("onoff-world.js", import.meta.url));
  const flags = process.getuid?.() === 0 ? "-m" : "-rm";
  return new Promise((resolve) => {
    const child = spawn(
      "unshare",
      [flags, "sh", "-c", setUp, "sh", process.execPath, "--enable-source-maps", world, ...args],
      { stdio: ["ignore", "pipe", "pipe"], timeout: boundMs, killSignal: "SIGKILL" },
    );
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
    child.on("error", (error) => resolve({ code: setUpFailed, out, err: error.message }));
    child.on("close", (code) => resolve({ code, out, err }));
  });
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
    const { code, out, err } = await inNamespace(rows, label, base, lines);
    // "unshare: …" is its own word that it was refused; everything later is ours.
    if (code === setUpFailed || (code !== 0 && err.startsWith("unshare:"))) {
      console.log(`\nSKIPPED onoff in a mount namespace (${rows}, ${label}): ${err.trim().replaceAll("\n", "; ")}`);
      return;
    }
    console.log(out.trimEnd());
    assert.is(code, 0, `exit ${code}\n${err}`);
  });

test.run();
