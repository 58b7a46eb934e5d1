#!/usr/bin/env bash
# Builds the Debian packages of a release, one for each architecture, and their checksums (SHA256SUMS).
#   sudo systemd/release.sh [--out DIR] [--trees DIR] [ARCHITECTURE ...]     (amd64 arm64 armhf; default: all of them)
# The program is compiled here and its dependencies are fetched here, without running anything of them. The native
# modules are built and tried in a Debian 13 tree of the architecture, with Debian's own Node and its headers. A tree of
# another architecture runs by itself where the processor can (32 bit on many 64-bit Arms), else by qemu-user, which the
# kernel calls (binfmt_misc): no Docker, and some ten minutes instead of three. --trees keeps the trees for the next run.
# Needs root, Node 20 or newer with npm, debootstrap, dpkg; for another architecture qemu-user-static.
set -euo pipefail
cd "$(dirname "$0")/.."

give_up() {
  echo "FAILED release: $1" >&2
  exit 1
}
usage() {
  echo "release: $1; expected [--out DIR] [--trees DIR] [amd64|arm64|armhf ...]" >&2
  exit 2
}
out=dist
trees=
architectures=()
while [ $# -gt 0 ]; do
  case $1 in
    --out | --trees)
      [ $# -gt 1 ] || usage "$1 takes a folder"
      if [ "$1" = --out ]; then out=$2; else trees=$2; fi
      shift
      ;;
    amd64 | arm64 | armhf) architectures+=("$1") ;;
    *) usage "unknown: $1" ;;
  esac
  shift
done
[ "${#architectures[@]}" -gt 0 ] || architectures=(amd64 arm64 armhf)
[ "$(id -u)" = 0 ] || give_up "only root may make a Debian tree (debootstrap) and build in it (chroot)"
for tool in debootstrap dpkg-deb npm; do command -v "$tool" > /dev/null || give_up "$tool is not installed"; done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trees=${trees:-$work/trees}
mkdir -p "$out" "$trees"
# The mirror that this machine uses already.
mirror=$(sed -n -E 's#^(URIs:|deb( \[[^]]*\])?) *(https?://[^ ]*/debian/?)( .*)?$#\3#p' /etc/apt/sources.list /etc/apt/sources.list.d/* 2> /dev/null | head -n 1 || true)
in_tree() {
  local tree=$1
  shift
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C DEBIAN_FRONTEND=noninteractive chroot "$tree" "$@"
}

# Makes the Debian tree of an architecture, where it is not there yet.
make_tree() {
  local architecture=$1 tree=$2
  # A tree that was begun and not finished is made anew.
  [ ! -e "$tree.made" ] || return 0
  rm -rf "$tree"
  mkdir -p "$tree/etc/dpkg/dpkg.cfg.d"
  # The tree is thrown away: dpkg need not wait for the disk after each package.
  echo force-unsafe-io > "$tree/etc/dpkg/dpkg.cfg.d/unsafe-io"
  debootstrap --foreign --variant=minbase --arch="$architecture" --include=nodejs,libnode-dev,libstdc++6,python3,g++,make \
    trixie "$tree" ${mirror:+"$mirror"} > "$work/debootstrap.log" 2>&1 || {
    tail -n 20 "$work/debootstrap.log" >&2
    give_up "debootstrap could not fetch the $architecture tree"
  }
  in_tree "$tree" /bin/true 2> /dev/null ||
    give_up "this machine cannot run $architecture programs; install qemu-user-static, and see that binfmt_misc is mounted"
  in_tree "$tree" /debootstrap/debootstrap --second-stage > "$work/debootstrap.log" 2>&1 || {
    tail -n 20 "$work/debootstrap.log" >&2
    give_up "the $architecture tree could not be set up"
  }
  touch "$tree.made"
}

npm run build >&2
npm_home=$(npm root --global)/npm
[ -e "$npm_home/bin/npm-cli.js" ] || give_up "npm is not where it says it is ($npm_home)"
for architecture in "${architectures[@]}"; do
  tree=$trees/$architecture
  make_tree "$architecture" "$tree"
  case $architecture in amd64) cpu=x64 ;; arm64) cpu=arm64 ;; armhf) cpu=arm ;; esac
  source=$tree/root/source
  rm -rf "$source" "$tree/root/npm" "$tree/root/out"
  mkdir -p "$source" "$tree/root/out"
  for path in agent drivers config systemd dist package.json package-lock.json .npmrc LICENSE README.md; do
    cp -a "$path" "$source/"
  done
  rm -f "$source"/dist/*.deb "$source"/dist/SHA256SUMS
  cp -rL "$npm_home" "$tree/root/npm"
  (cd "$source" && npm ci --omit=dev --ignore-scripts --os=linux --cpu="$cpu" --libc=glibc --no-audit --no-fund --loglevel=error >&2)
  # Offline: what would be fetched is there, and node-gyp finds Debian's headers.
  in_tree "$tree" env npm_config_nodedir=/usr npm_config_offline=true sh -c \
    'cd /root/source && node /root/npm/bin/npm-cli.js rebuild --loglevel=error && node systemd/debian/build-package.js --installed --out /root/out' \
    > "$work/build.log" 2>&1 || {
    cat "$work/build.log" >&2
    give_up "the $architecture package could not be built"
  }
  deb=$(ls "$tree"/root/out/*.deb)
  in_tree "$tree" sh -c "rm -rf /root/installed && dpkg-deb -x /root/out/$(basename "$deb") /root/installed &&
    cd /root/installed/usr/lib/chargetill && node dist/agent/cli.js --version &&
    node -e 'for (const name of [\"epoll\", \"spi-device\", \"@serialport/bindings-cpp\"]) require(name)'" > "$work/try.log" 2>&1 || {
    cat "$work/try.log" >&2
    give_up "the $architecture package does not run in Debian 13"
  }
  cp "$deb" "$out/"
  echo "ok $(basename "$deb"): version $(head -n 1 "$work/try.log"), its native modules load"
done
(cd "$out" && sha256sum chargetill_*.deb > SHA256SUMS && cat SHA256SUMS)
