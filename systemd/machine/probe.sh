#!/usr/bin/env bash
# What is tried inside the machine; try-machine.sh starts it there and reads its report. Waits are generous: the processor is emulated.
exec > /dev/virtio-ports/report 2>&1
here=/root/machine
board=/sys/devices/platform/far-board
card=04A23B1C5D6E80
say() { if [ "$1" = 0 ]; then echo "ok $2"; else echo "FAILED $2"; fi; }
within() { local left=$(($1 * 2)); shift; while [ "$left" -gt 0 ]; do "$@" > /dev/null 2>&1 && return 0; sleep 0.5; left=$((left - 1)); done; return 1; }
active() { systemctl is-active --quiet chargetill; }
closed() { grep -q '^17 out 1' $board/levels; }
opened() { grep -q '^17 out 0' $board/levels; }
receipts() { ls /var/lib/chargetill/receipts/*.json 2> /dev/null | wc -l; }
told() { journalctl -u chargetill -o cat --since "@$since" | grep -q "$1"; }
# A car comes, and a card is held to the reader until the contactor closes.
car() {
  echo 22 1 > $board/drive; sleep 3; echo 22 0 > $board/drive
  echo $card > /run/card
  within 900 closed; local result=$?
  : > /run/card
  return $result
}
# The contactor is seen open within so many seconds, and the session is settled by the next start.
settled() { local before=$1 seconds=$2; within "$seconds" opened; say $? "$3: the contactor opens"; more() { [ "$(receipts)" -gt "$before" ]; }; within 300 more; say $? "$3: started again, the session is settled"; }

[ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]; say $? "Linux $(uname -r), systemd $(systemctl --version | sed -n '1s/systemd \([0-9]*\).*/\1/p'), cgroup v2"
insmod $here/far_board.ko; say $? "the board is there"
dpkg -i $here/chargetill.deb; say $? "the package is installed"
[ "$(stat -c %G /sys/class/gpio/export /dev/spidev0.0 /dev/gpiochip0 | tr '\n' ' ')" = "gpio spi gpio " ]; say $? "pins and reader belong to their groups at once"
: > /run/card
systemd-run -q -u far-meter python3 $here/far-meter.py
systemd-run -q -u far-reader node $here/far-reader.mjs
# There is no time server here: the kernel is told what one would tell it, again and again.
systemd-run -q -u clock python3 -c 'import ctypes, struct, time
libc = ctypes.CDLL(None)
while True:
    raw = bytearray(256); libc.adjtimex((ctypes.c_byte * 256).from_buffer(raw))
    struct.pack_into("I", raw, 0, 0x1C); struct.pack_into("qq", raw, 24, 1000, 1000); struct.pack_into("i", raw, 40, 1)
    libc.adjtimex((ctypes.c_byte * 256).from_buffer(raw)); time.sleep(30)'
yes '' | chargetill config init > /dev/null; say $? "config init writes a config, the adapter found by its id"
grep -q 'path: "\?/dev/serial/by-id/' /etc/chargetill/station.yaml; say $? "it names the adapter by id"
sed -i "s/^tokens: \[\]/tokens: [{ uid: $card, contractId: DE-CTL-C00000001-1 }]/" /etc/chargetill/station.yaml
systemctl start chargetill; say $? "systemd starts it and hears that it is ready"
since=$(date +%s)
main() { systemctl show chargetill -p MainPID --value; }
holds() { local files; files=$(ls -l "/proc/$(main)/fd"); for name in /dev/spidev0.0 /dev/ttyUSB0 gpio529/value gpio534/value; do [[ $files == *"$name"* ]] || return 1; done; }
within 120 holds; say $? "inside its sandbox it holds the reader, the adapter and the pins"
systemd-analyze security --threshold=15 chargetill > /run/security; say $? "the running unit: $(sed -n -E 's/.*(Overall exposure level.*[0-9.]+).*/\1/p' /run/security)"

count=$(receipts); car; say $? "a card held to the reader closes the contactor"
systemctl reload chargetill; sleep 5; active && closed; say $? "a reload keeps it charging"
systemctl kill --kill-whom=main --signal=KILL chargetill
settled "$count" 90 "killed"
count=$(receipts); within 300 active; car; say $? "another car charges"
systemctl kill --kill-whom=main --signal=STOP chargetill
settled "$count" 120 "held up, so that the watchdog kills it"

# The bench's chip answers slowly here, and a reader may need several starts.
reader_up() { ! journalctl -u chargetill -o cat | grep -o 'FAULT reader/\|recovered reader/' | tail -n 1 | grep -q FAULT; }
within 300 active; within 900 reader_up; say $? "the reader is there"; since=$(date +%s); echo absent > /run/card
within 120 told 'reader/lost'; say $? "a reader that goes away is named"
: > /run/card; within 180 told 'recovered reader/'; say $? "and taken up when it is back"
count=$(receipts); car; say $? "a third car charges"
usb=$(basename "$(dirname "$(readlink -f /sys/class/tty/ttyUSB0/device/..)")"); since=$(date +%s)
echo "$usb" > /sys/bus/usb/drivers/usb/unbind
settled "$count" 120 "without its adapter"
echo "$usb" > /sys/bus/usb/drivers/usb/bind
within 120 told 'recovered port/missing'; say $? "an adapter that is back is taken up, under the sandbox's device list"

# ---- however the agent dies, the contactor opens within a second, by both ways to the pins. systemd's own way to open it is replaced by a program that
# only exits, so that the opener counts. Both moments are taken from the kernel's log.
logged_ms() { dmesg | sed -n -E "s/^\\[ *([0-9]+)\\.([0-9]{3})[0-9]*\\] $1\$/\\1\\2/p" | tail -n 1; }
dies() {
  local way=$1 took=none pid
  within 300 active; within 120 chargetill status
  pid=$(main)
  chargetill contactor test 1 --for 5 --yes > /dev/null 2>&1 &
  within 120 closed; say $? "$way: the contactor is closed for a test"
  # By the shell itself: to start a program takes a second here.
  echo "probe: kill" > /dev/kmsg; kill -9 "$pid"
  within 30 opened && took=$(($(logged_ms "far-board: pin 17 is driven low") - $(logged_ms "probe: kill")))
  [ "$took" != none ] && [ "$took" -ge 0 ] && [ "$took" -lt 1000 ]; say $? "$way: killed, the contactor opens after $took ms"
  wait
}
settings=/run/systemd/system/chargetill.service.d
echo 22 1 > $board/drive
mkdir -p $settings
printf '[Service]\nRestartSteps=0\nExecStopPost=\nExecStopPost=/bin/true\n' > $settings/trial.conf
systemctl daemon-reload; systemctl restart chargetill
dies "sysfs"
# As on a kernel without sysfs GPIO: it is not there for the service, and no pin is exported.
printf 'ReadWritePaths=\nInaccessiblePaths=/sys/class/gpio\n' >> $settings/trial.conf
systemctl daemon-reload; systemctl stop chargetill
for pin in /sys/class/gpio/gpio[0-9]*; do echo "${pin##*/gpio}" > /sys/class/gpio/unexport; done
systemctl start chargetill
has_lines() { [ -n "$(pgrep -f 'chargetill-pins lines')" ]; }
within 120 has_lines; say $? "without sysfs it takes the character device by itself"
dies "character device"
rm -r $settings; systemctl daemon-reload
systemctl stop chargetill; within 60 opened; say $? "stopped, the contactor is open"
chargetill repair --check; say $? "all that is stored is whole"
journalctl -u chargetill -o short-precise
dmesg | grep far-board
echo "the end of the probe"
sleep 2
systemctl poweroff
