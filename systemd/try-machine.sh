#!/usr/bin/env bash
# Tries the package on a machine with a kernel of its own: Debian 13 in an emulator, with cgroup v2, a USB serial adapter, and a board (machine/far_board.c)
# whose pins and SPI bus have far ends. The service sells there through spidev, sysfs and ttyUSB inside its sandbox; it is killed, stopped, unplugged.
# For use by hand: the processor is emulated, and it takes ten minutes and more (half an hour on a busy machine) and 6 GB.
#   sudo systemd/try-machine.sh [TREE]      (TREE is made where it is missing, and used again where it is there)
# Debian: debootstrap qemu-system-x86 e2fsprogs
set -euo pipefail
cd "$(dirname "$0")/.."

give_up() {
  echo "FAILED the package on a machine of its own: $1" >&2
  exit 1
}
[ "$(id -u)" = 0 ] || give_up "only root may make a Debian tree (debootstrap)"
[ "$(dpkg --print-architecture)" = amd64 ] || give_up "the emulated machine is an amd64 one, and so must this be, which builds its package"
for tool in debootstrap qemu-system-x86_64 mke2fs dpkg-deb; do command -v "$tool" > /dev/null || give_up "$tool is not installed"; done

work=$(mktemp -d)
tree=${1:-$work/trixie}
trap 'rm -rf "$work"' EXIT
mirror=$(sed -n -E 's#^(URIs:|deb( \[[^]]*\])?) *(https?://[^ ]*/debian/?)( .*)?$#\3#p' /etc/apt/sources.list /etc/apt/sources.list.d/* 2> /dev/null | head -n 1 || true)
if [ ! -e "$tree/usr/bin/node" ]; then
  mkdir -p "$tree/etc/dpkg/dpkg.cfg.d"
  echo force-unsafe-io > "$tree/etc/dpkg/dpkg.cfg.d/unsafe-io"
  debootstrap --variant=minbase --include=nodejs,systemd,systemd-sysv,dbus,udev,procps,kmod,libstdc++6,python3,gcc,make,linux-image-amd64,linux-headers-amd64 trixie "$tree" ${mirror:+"$mirror"} > "$work/debootstrap.log" 2>&1 || {
    tail -n 20 "$work/debootstrap.log" >&2
    give_up "debootstrap could not make the tree"
  }
fi
kernel=$(basename "$(ls -d "$tree"/lib/modules/* | sort -V | tail -n 1)")
[ -e "$tree/boot/initrd.img-$kernel" ] || give_up "the tree has no initrd for its kernel $kernel"

here=$tree/root/machine
rm -rf "$here"
cp -r systemd/machine "$here"
echo "obj-m := far_board.o" > "$here/Makefile"
env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C chroot "$tree" make -s -C "/lib/modules/$kernel/build" M=/root/machine modules > "$work/make.log" 2>&1 || {
  cat "$work/make.log" >&2
  give_up "the board's module does not compile"
}
cp "$(node systemd/debian/build-package.js --fast --out "$work")" "$here/chargetill.deb"
cat > "$tree/etc/systemd/system/probe.service" <<'UNIT'
[Unit]
After=multi-user.target
[Service]
ExecStart=/bin/bash /root/machine/probe.sh
[Install]
WantedBy=graphical.target
UNIT
mkdir -p "$tree/etc/systemd/system/graphical.target.wants"
ln -sf ../probe.service "$tree/etc/systemd/system/graphical.target.wants/probe.service"
echo "/dev/vda / ext4 defaults 0 1" > "$tree/etc/fstab"
mke2fs -q -t ext4 -d "$tree" "$work/disk.raw" 5G > /dev/null

# The adapter's far end is the emulator's own other port: what the service sends to ttyUSB0 comes out at /dev/virtio-ports/meter.
timeout 3600 qemu-system-x86_64 -accel tcg,thread=multi -machine q35 -cpu max -smp 2 -m 1536 -nographic -nodefaults -no-reboot \
  -kernel "$tree/boot/vmlinuz-$kernel" -initrd "$tree/boot/initrd.img-$kernel" -append "root=/dev/vda rw console=ttyS0" \
  -drive "file=$work/disk.raw,format=raw,if=virtio,cache=unsafe" -serial "file:$work/console.log" \
  -device virtio-serial-pci -chardev "file,id=report,path=$work/report" -device virtserialport,chardev=report,name=report \
  -chardev "socket,id=usb,path=$work/line,server=on,wait=off" -chardev "socket,id=far,path=$work/line,server=off" \
  -device virtserialport,chardev=far,name=meter -device qemu-xhci -device usb-serial,chardev=usb,serial=A1B2C3D4 > "$work/emulator.log" 2>&1 < /dev/null &
emulator=$!
trap 'kill "$emulator" 2> /dev/null || true; rm -rf "$work"' EXIT
touch "$work/report"
tail -n +1 -f --pid="$emulator" "$work/report" | grep -aE --line-buffered '^(ok|FAILED)' || true
wait "$emulator" || true
if grep -aq '^FAILED' "$work/report" || ! grep -aq '^the end of the probe' "$work/report"; then
  echo "---- the whole report, and the console's end" >&2
  cat "$work/report" "$work/emulator.log" >&2
  tail -n 20 "$work/console.log" >&2
  give_up "see above"
fi
echo "ok the package on a machine of its own"
