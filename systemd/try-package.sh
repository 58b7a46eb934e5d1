#!/usr/bin/env bash
# Tries the Debian package as a machine would: installs it into a fresh Debian 13 tree, plays the demo from there, lets that systemd judge unit and
# udev rules, then boots the tree: the service sells on a bench, is reloaded, killed, comes back, is upgraded while a car charges, removed and purged.
# At last it switches pins (on an emulated chip, then in a sysfs of FUSE) and reads a meter (at a pseudo-terminal), and its agent is ended in five ways,
# twenty times each: how long the contactor stays closed is told, and more than a second is a failure.
# Needs root, debootstrap, systemd-container, cc and Node 20; some ten minutes and 400 MB. Where that is not permitted it says so by name, and is no failure.
#   sudo systemd/try-package.sh [TREE]      (TREE is made where it is missing, and used again where it is there)
#   ENDINGS=3 sudo -E systemd/try-package.sh    (each way three times)
set -euo pipefail
cd "$(dirname "$0")/.."

leave_out() {
  echo "SKIPPED the Debian package in a Debian 13 tree: $1"
  exit 0
}
give_up() {
  echo "FAILED the Debian package in a Debian 13 tree: $1" >&2
  exit 1
}
[ "$(id -u)" = 0 ] || leave_out "only root may make a Debian tree (debootstrap) and boot it (systemd-nspawn)"
# Root of a container that may not mount is no root for this.
cap_sys_admin=$((1 << 21))
[ $((0x$(sed -n 's/^CapEff:\t//p' /proc/self/status) & cap_sys_admin)) != 0 ] || leave_out "this root may not mount (no CAP_SYS_ADMIN), so debootstrap and systemd-nspawn are not permitted"
for tool in debootstrap systemd-nspawn dpkg-deb; do command -v "$tool" > /dev/null || give_up "$tool is not installed"; done
major=$(node -p 'process.versions.node.split(".")[0]')
[ "$major" = 20 ] || leave_out "this is Node $major, and native modules built by it do not load in Debian 13's Node 20"

work=$(mktemp -d)
tree=${1:-$work/trixie}
cleanup() {
  if mountpoint -q "$tree/proc"; then umount "$tree/proc" || true; fi
  rm -rf "$work"
}
trap cleanup EXIT

# The mirror that this machine uses already.
mirror=$(sed -n -E 's#^(URIs:|deb( \[[^]]*\])?) *(https?://[^ ]*/debian/?)( .*)?$#\3#p' /etc/apt/sources.list /etc/apt/sources.list.d/* 2> /dev/null | head -n 1 || true)
if [ ! -e "$tree/usr/bin/node" ]; then
  # The tree is thrown away: dpkg need not wait for the disk after each package.
  mkdir -p "$tree/etc/dpkg/dpkg.cfg.d"
  echo force-unsafe-io > "$tree/etc/dpkg/dpkg.cfg.d/unsafe-io"
  timeout 400 debootstrap --variant=minbase --include=nodejs,systemd,systemd-sysv,dbus,udev,procps,libstdc++6 trixie "$tree" ${mirror:+"$mirror"} > "$work/debootstrap.log" 2>&1 || {
    tail -n 20 "$work/debootstrap.log" >&2
    give_up "debootstrap could not make the tree within 400 s"
  }
fi

deb=$(node systemd/debian/build-package.js --fast --out "$work")
cp "$deb" "$tree/root/first.deb"
# The next version, for the upgrade: the same files under a higher number.
dpkg-deb -R "$deb" "$work/next"
grep -qE '^Depends: nodejs \(>= 20\.19\), nodejs \(<< 21\)' "$work/next/DEBIAN/control" || give_up "its dependency on Node is not that of Debian 13"
for script in postinst prerm postrm; do sh -n "$work/next/DEBIAN/$script" || give_up "$script is no sound shell script"; done
for path in usr/bin/chargetill usr/lib/chargetill/chargetill-pins usr/lib/systemd/system/chargetill.service usr/lib/systemd/system/chargetill-opener.service usr/lib/systemd/system/chargetill-page.service usr/lib/systemd/system/chargetill-page.path usr/lib/sysusers.d/chargetill.conf usr/share/bash-completion/completions/chargetill etc/chargetill/station.example.yaml; do
  [ -e "$work/next/$path" ] || give_up "$path is missing in it"
done
[ ! -e "$work/next/usr/lib/chargetill/node_modules/typescript" ] || give_up "what only builds is in it"
if grep -q 'station\.yaml$' "$work/next/DEBIAN/conffiles"; then give_up "the station's own config is in it"; fi
sed -i -E 's/^(Version: .*)$/\1+next/' "$work/next/DEBIAN/control"
dpkg-deb --root-owner-group -Zgzip -z1 --build "$work/next" "$tree/root/next.deb" > /dev/null
rm -rf "$work/next"

in_tree() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C DEBIAN_FRONTEND=noninteractive chroot "$tree" "$@"; }
# What an earlier run in the same tree left.
mount -t proc proc "$tree/proc"
CHARGETILL_PURGE_DATA=yes in_tree dpkg --purge chargetill > /dev/null 2>&1 || true
rm -rf "$tree/var/lib/chargetill" "$tree/etc/chargetill" "$tree/root/report"
in_tree dpkg -i /root/first.deb > "$work/dpkg.log" 2>&1 || { cat "$work/dpkg.log" >&2; give_up "it cannot be installed"; }
echo "ok installed: $(in_tree chargetill --version)"
in_tree chargetill demo --once --data /tmp/demo > "$work/demo.log" || give_up "the demo does not run from it"
in_tree chargetill verify --key /tmp/demo/station.pub.pem /tmp/demo/receipts/receipt-000002.json > /dev/null || give_up "a receipt of its demo does not verify"
rm -rf "$tree/tmp/demo"
echo "ok the demo runs, and its receipts verify"
in_tree systemd-analyze verify /usr/lib/systemd/system/chargetill.service || give_up "systemd-analyze verify has something to say of the unit"
in_tree systemd-analyze verify /usr/lib/systemd/system/chargetill-opener.service || give_up "systemd-analyze verify has something to say of the opener's unit"
in_tree systemd-analyze verify /usr/lib/systemd/system/chargetill-page.service /usr/lib/systemd/system/chargetill-page.path || give_up "systemd-analyze verify has something to say of the page's units"
in_tree systemd-analyze security --offline=true --threshold=15 /usr/lib/systemd/system/chargetill.service > "$work/security.log" || { tail -n 1 "$work/security.log"; give_up "the unit's exposure is over 1.5"; }
in_tree udevadm verify /usr/lib/udev/rules.d/60-chargetill.rules > /dev/null || give_up "udevadm verify has something to say of the rules"
echo "ok unit and device rules: $(sed -n -E 's/.*(Overall exposure level.*)/\1/p' "$work/security.log")"
umount "$tree/proc"

# A station on the bench, without a backend, thirty times as fast as life.
sed -e 's#/var/lib/chargetill-demo#/var/lib/chargetill#' -e 's/speed: 1,/speed: 30,/' -e '/^uplinks:/,$d' config/demo.yaml > "$tree/etc/chargetill/station.yaml"
in_tree chgrp chargetill /etc/chargetill/station.yaml
cat > "$tree/etc/systemd/system/probe.service" <<'UNIT'
[Unit]
After=chargetill.service
Wants=chargetill.service
[Service]
Type=oneshot
Environment=DEBIAN_FRONTEND=noninteractive
ExecStart=/bin/bash /root/probe
ExecStopPost=/usr/bin/systemctl poweroff
[Install]
WantedBy=multi-user.target
UNIT
cat > "$tree/root/probe" <<'PROBE'
exec > /root/report 2>&1
say() { if [ "$1" = 0 ]; then echo "ok $2"; else echo "FAILED $2"; fi; }
# Tries a command each half second, for at most so many seconds.
within() { local left=$(($1 * 2)); shift; while [ "$left" -gt 0 ]; do "$@" > /dev/null 2>&1 && return 0; sleep 0.5; left=$((left - 1)); done; return 1; }
active() { systemctl is-active --quiet chargetill; }
charging() { chargetill status | grep -q 'connector 1.*charging'; }
sums() { (cd / && sha256sum etc/chargetill/station.yaml var/lib/chargetill/station.key var/lib/chargetill/station.pub.pem var/lib/chargetill/receipts/*.json) ; }
kept() { sha256sum --quiet -c /root/before; }

within 60 active; say $? "systemd starts it and hears that it is ready"
within 60 charging; say $? "a car charges"
chargetill doctor | tail -n 1
systemctl reload chargetill && sleep 1 && active; say $? "a reload keeps it running"
before=$(systemctl show chargetill -p MainPID --value)
systemctl kill --kill-whom=main --signal=KILL chargetill
restarted() { active && [ "$(systemctl show chargetill -p MainPID --value)" != "$before" ] && [ "$(systemctl show chargetill -p MainPID --value)" != 0 ] && chargetill status; }
within 60 restarted; say $? "killed, it comes back"
receipts() { ls /var/lib/chargetill/receipts/*.json 2> /dev/null | wc -l; }
settled() { [ "$(receipts)" -ge 1 ]; }
within 60 settled; say $? "what was charging is settled"
another() { chargetill status | grep -q ': charging'; }
within 120 another; say $? "another car charges"
count=$(receipts)
(cd / && sums) > /root/before
dpkg -i /root/next.deb; say $? "it is upgraded while a car charges"
within 60 active; say $? "the next version runs: $(chargetill --version), package $(dpkg-query -W -f '${Version}' chargetill)"
cd / && kept; say $? "config, key and receipts are what they were"
[ "$(receipts)" -gt "$count" ]; say $? "the running session was drained: its receipt came with the upgrade"
chargetill repair --check --config /etc/chargetill/station.yaml; say $? "all that is stored is whole"
(cd / && sums) > /root/before
dpkg -r chargetill; say $? "it is removed"
active && echo "FAILED it still runs"
cd / && kept; say $? "removing keeps config, key and receipts"
dpkg --purge chargetill; say $? "it is purged where nobody can answer"
cd / && kept; say $? "purging without an answer keeps config, key and receipts"
dpkg -i /root/first.deb > /dev/null; say $? "it is installed again"
within 60 active; say $? "and goes on with what was kept"
printf 'no\n' | script -qec 'DEBIAN_FRONTEND=dialog dpkg --purge chargetill' /dev/null | grep -a 'for good'
test -e /var/lib/chargetill/station.key; say $? "purging asks, and keeps all on a no"
dpkg -i /root/first.deb > /dev/null
CHARGETILL_PURGE_DATA=yes dpkg --purge chargetill
test ! -e /var/lib/chargetill && test ! -e /etc/chargetill; say $? "purging with CHARGETILL_PURGE_DATA=yes deletes all"
dpkg -i /root/first.deb > /dev/null
trial() { timeout 900 node /root/sources/dist/test/systemd/opened-pins-child.js "$1" "$(cat /root/endings)"; }
mount -t tmpfs tmpfs /sys/class && trial chip; say $? "however the agent ends, its contactor opens by the character device"
if [ -e /dev/fuse ]; then
  { mkdir /sys/class/gpio && exec 3<> /dev/fuse &&
    mount -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0,allow_other pins /sys/class/gpio && trial sysfs; }
  say $? "however the agent ends, its contactor opens by sysfs"
  journalctl -u chargetill -u chargetill-opener --no-pager -o short-precise | tail -n 200
else
  echo "ok SKIPPED how fast the contactor opens by sysfs: this machine has no /dev/fuse for its pins"
fi
echo "the end of the probe"
PROBE
in_tree systemctl enable probe.service > /dev/null 2>&1
echo "${ENDINGS:-20}" > "$tree/root/endings"
mkdir -p "$tree/root/sources" "$tree/opt"
"${CC:-cc}" -shared -fPIC -o "$tree/opt/chip-emulator.so" test/drivers/gpio/port/chip-emulator.c || give_up "the emulated chip does not compile"
binds=(--bind-ro="$PWD:/root/sources")
[ ! -e /dev/fuse ] || binds+=(--bind=/dev/fuse)
timeout 2160 systemd-nspawn -D "$tree" "${binds[@]}" --register=no --keep-unit -b --console=pipe < /dev/null > "$work/boot.log" 2>&1 || true
rm -f "$tree/etc/systemd/system/probe.service" "$tree/etc/systemd/system/multi-user.target.wants/probe.service"
[ -e "$tree/root/report" ] || { tail -n 20 "$work/boot.log" >&2; give_up "the tree could not be booted"; }
grep -aE '^(ok|FAILED)' "$tree/root/report"
if grep -aq '^FAILED' "$tree/root/report" || ! grep -aq '^the end of the probe' "$tree/root/report"; then
  echo "---- the whole report" >&2
  cat "$tree/root/report" >&2
  give_up "see FAILED above"
fi
echo "ok the Debian package in a Debian 13 tree"
