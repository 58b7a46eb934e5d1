// Hints about a serial port name the cause that is there: the group of its own file, who else uses it, what its chip
// cannot do.
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { accessFix, openFailureWords, serialPortTrouble } from "../../../../drivers/meter/port/serial-port.js";
import { freshFolder } from "../../../support/command.js";

/** A machine with these files; a text that begins with "-> " is a link. */
function machine(files: Readonly<Record<string, string>>): string {
  const root = freshFolder();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    if (text.startsWith("-> ")) symlinkSync(text.slice(3).replace("ROOT", root), join(root, path));
    else writeFileSync(join(root, path), text);
  }
  return root;
}
const trouble = (files: Readonly<Record<string, string>>, path: string, parity: "none" | "even" = "none") => {
  const found = serialPortTrouble({ path, parity }, [77], machine(files));
  return found === undefined ? undefined : `${found.isFault ? "fault" : "warning"}: ${found.why}; ${found.fix}`;
};
const byId = "dev/serial/by-id/usb-FTDI";
const adapter = { "dev/ttyUSB0": "", [byId]: "-> ../../ttyUSB0" };

const ports = suite("a serial port");

ports("whose name stays, that nobody else uses, is fine", () => {
  assert.is(trouble(adapter, `/${byId}`, "even"), undefined);
  assert.is(trouble({ "dev/ttyAMA0": "" }, "/dev/ttyAMA0", "even"), undefined, "an on-board UART has no name by id");
  assert.is(trouble({ "dev/ttySC0": "" }, "/dev/ttySC0", "even"), undefined);
  assert.is(trouble({ "dev/ttyS0": "" }, "/dev/ttyS0", "even"), undefined, "a UART of another board has parity");
});

ports("by its number is advised to be named by its id", () => {
  assert.match(trouble(adapter, "/dev/ttyUSB0") ?? "", /^warning: this name changes .*by-id/);
});

ports("that is the Pi's mini UART has no parity", () => {
  const uart = {
    "dev/ttyS0": "",
    "dev/serial0": "-> ttyS0",
    "sys/class/tty/ttyS0/device/of_node/compatible": "brcm,bcm2835-aux-uart\0",
  };
  for (const path of ["/dev/ttyS0", "/dev/serial0"]) {
    assert.match(trouble(uart, path, "even") ?? "", /^fault: ttyS0 is the Pi's mini UART, which has no parity bit/);
    assert.is(trouble(uart, path, "none"), undefined);
  }
});

ports("on which a login console runs is named with how to end it", () => {
  const files = {
    "dev/ttyAMA0": "",
    "proc/312/comm": "agetty\n",
    "proc/312/cmdline": ["/sbin/agetty", "-o", "-- \\u", "--keep-baud", "115200,57600", "ttyAMA0", "vt220", ""].join(
      "\0",
    ),
  };
  assert.match(
    trouble(files, "/dev/ttyAMA0") ?? "",
    /^fault: agetty \(process 312\) uses it; .*disable --now serial-getty@ttyAMA0/,
  );
});

ports("that another program has open is named with it, and our own agent is none", () => {
  const files = {
    ...adapter,
    "proc/5/comm": "mbusd\n",
    "proc/5/fd/7": "-> ROOT/dev/ttyUSB0",
    "proc/77/comm": "node\n",
    "proc/77/fd/9": "-> ROOT/dev/ttyUSB0",
  };
  assert.match(trouble(files, `/${byId}`) ?? "", /^fault: mbusd \(process 5\) uses it; stop mbusd/);
  const { "proc/5/fd/7": _, ...own } = files;
  assert.is(trouble(own, `/${byId}`), undefined);
  assert.match(
    trouble({ ...adapter, "proc/9/comm": "ModemManager\n", "proc/9/fd/3": "-> ROOT/dev/ttyUSB0" }, `/${byId}`) ?? "",
    /systemctl disable --now ModemManager/,
  );
});

ports("that is not there says where it went", () => {
  assert.match(trouble({}, `/${byId}`) ?? "", /^fault: it is not there; plug the adapter in/);
  assert.match(trouble({}, "/dev/ttySC0") ?? "", /dtoverlay=sc16is752/);
  assert.match(trouble({}, "/dev/ttyAMA0") ?? "", /enable_uart=1/);
  assert.match(trouble({ "usr/lib/udev/rules.d/90-brltty.rules": "" }, `/${byId}`) ?? "", /apt remove brltty/);
});

ports("that the kernel writes its messages to is named", () => {
  const files = { "dev/ttyAMA0": "", "proc/cmdline": "console=ttyAMA0,115200 root=/dev/mmcblk0p2" };
  assert.match(trouble(files, "/dev/ttyAMA0") ?? "", /^warning: the kernel writes .*; take console=ttyAMA0/);
});

ports("names the group that its own file belongs to", () => {
  const isRoot = process.getuid?.() === 0;
  const gid = isRoot ? 46 : (process.getgid?.() ?? 0);
  const root = machine({ ...adapter, "etc/group": `root:x:0:\ndialout:x:20:\nplugdev:x:${gid}:\n` });
  const file = join(root, "dev/ttyUSB0");
  if (isRoot) chownSync(file, 0, gid);
  chmodSync(file, 0o660);
  assert.is(accessFix(file, root), "add the user to the group plugdev, to which it belongs");
  chmodSync(file, 0o600);
  assert.match(accessFix(file, root), /its group plugdev may not open it either: a udev rule/);
});

ports("that is locked is in use, whoever has it", () => {
  const file = join(machine(adapter), "dev/ttyUSB0");
  const words = openFailureWords(file, "Error Resource temporarily unavailable Cannot lock port");
  assert.match(words, /^another program uses it/);
});

ports.run();
