#!/usr/bin/env bash
# Tries the Debian package as a machine would: installs it into a fresh Debian 13 tree, plays the demo from there, lets that systemd judge
# unit and udev rules, then boots the tree: the service sells on a bench, is reloaded, killed, comes back, drains and stops.
# For hand use, as root, with debootstrap and systemd-container installed and Node 20 running; some five minutes and 400 MB.
#   sudo systemd/try-package.sh [TREE]      (TREE is made where it is missing, and used again where it is there)
set -euo pipefail
cd "$(dirname "$0")/.."
tree=${1:-$(mktemp -d)/trixie}
[ -e "$tree/usr/bin/node" ] || debootstrap --variant=minbase --include=nodejs,systemd,systemd-sysv,dbus,udev,procps,libstdc++6 trixie "$tree"

deb=$(node agent/package.js --fast --out "$(mktemp -d)")
cp "$deb" "$tree/tmp/chargetill.deb"
mount -t proc proc "$tree/proc"
trap 'umount "$tree/proc" 2>/dev/null || true' EXIT
chroot "$tree" dpkg -i /tmp/chargetill.deb
chroot "$tree" chargetill demo --once --data /tmp/demo | tail -n 4
chroot "$tree" systemd-analyze verify /usr/lib/systemd/system/chargetill.service
chroot "$tree" systemd-analyze security --offline=true --threshold=15 /usr/lib/systemd/system/chargetill.service | tail -n 1
chroot "$tree" udevadm verify /usr/lib/udev/rules.d/60-chargetill.rules
umount "$tree/proc"

# A station on the bench, without a backend, thirty times as fast as life.
sed -e 's#/var/lib/chargetill-demo#/var/lib/chargetill#' -e 's/speed: 1,/speed: 30,/' -e '/^uplinks:/,$d' config/demo.yaml > "$tree/etc/chargetill/station.yaml"
chroot "$tree" chgrp chargetill /etc/chargetill/station.yaml
cat > "$tree/etc/systemd/system/probe.service" <<'UNIT'
[Unit]
After=chargetill.service
Wants=chargetill.service
[Service]
Type=oneshot
ExecStart=/bin/bash /usr/local/bin/probe
[Install]
WantedBy=multi-user.target
UNIT
cat > "$tree/usr/local/bin/probe" <<'PROBE'
state() { systemctl show chargetill -p ActiveState,SubState,NRestarts,StatusText | paste -sd' '; }
{
  sleep 12; state; chargetill status; chargetill doctor | tail -n 1
  echo "-- reload"; systemctl reload chargetill; sleep 1; state
  echo "-- kill -9"; systemctl kill --kill-whom=main --signal=KILL chargetill; sleep 8; state
  echo "-- drain and stop"; chargetill drain; systemctl stop chargetill; state
  journalctl -u chargetill --no-pager -o cat | cut -c1-200 | tail -n 25
} > /tmp-report 2>&1
systemctl poweroff
PROBE
chroot "$tree" systemctl enable probe.service 2>/dev/null
timeout 120 systemd-nspawn -D "$tree" --register=no --keep-unit -b --console=pipe < /dev/null > /dev/null 2>&1 || true
cat "$tree/tmp-report"
rm -f "$tree/etc/systemd/system/probe.service" "$tree/etc/systemd/system/multi-user.target.wants/probe.service" "$tree/tmp-report"
