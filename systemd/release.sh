#!/usr/bin/env bash
# Builds the Debian packages of a release, one for each architecture, verify.html, and their checksums (SHA256SUMS).
#   sudo systemd/release.sh [--out DIR] [--trees DIR] [ARCHITECTURE ...]     (amd64 arm64 armhf; default: all of them)
# The program is compiled here and its dependencies are fetched here, without running anything of them. Native modules
# are built in a Debian 13 tree of this machine's architecture, by Debian's cross compilers for the others, once for each
# Node that the package serves: Debian's own (20) against its headers, 22 and 24 against those that npm's package of
# that Node brings. Each binary is then loaded by the Node it is for, by qemu-user where the processor is another one:
# no Docker, no emulated compiler, no mounted binfmt_misc; a minute an architecture. npm has no 32-bit Arm package of
# Node 22 and 24, so that package serves Debian's Node alone. --trees keeps what Debian brings for the next run.
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
here=$(dpkg --print-architecture)
case $here in amd64 | arm64) ;; *) give_up "a release is built on amd64 or arm64, and this is $here" ;; esac

cpu_of() { case $1 in amd64) echo x64 ;; arm64) echo arm64 ;; armhf) echo arm ;; esac }
triple_of() { case $1 in amd64) echo x86_64-linux-gnu ;; arm64) echo aarch64-linux-gnu ;; armhf) echo arm-linux-gnueabihf ;; esac }
qemu_of() { case $1 in amd64) echo qemu-x86_64-static ;; arm64) echo qemu-aarch64-static ;; armhf) echo qemu-arm-static ;; esac }
nodes_of() { case $1 in armhf) echo 20 ;; *) echo 20 22 24 ;; esac }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trees=${trees:-$work/trees}
mkdir -p "$out" "$trees"
# The mirror that this machine uses already.
mirror=$(sed -n -E 's#^(URIs:|deb( \[[^]]*\])?) *(https?://[^ ]*/debian/?)( .*)?$#\3#p' /etc/apt/sources.list /etc/apt/sources.list.d/* 2> /dev/null | head -n 1 || true)
tree=$trees/$here
in_tree() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C DEBIAN_FRONTEND=noninteractive chroot "$tree" "$@"; }
bootstrap() {
  local log=$work/debootstrap.log
  debootstrap --variant=minbase "$@" ${mirror:+"$mirror"} > "$log" 2>&1 || {
    tail -n 20 "$log" >&2
    give_up "debootstrap could not make $trees"
  }
}

# The tree that builds, with a compiler for each architecture. One that was begun and not finished is made anew.
compilers=g++
for architecture in "${architectures[@]}"; do
  [ "$architecture" = "$here" ] || compilers+=,g++-$(triple_of "$architecture" | tr _ -)
done
if [ "$(cat "$tree.made" 2> /dev/null)" != "$compilers" ]; then
  rm -rf "$tree" "$tree.made"
  mkdir -p "$tree/etc/dpkg/dpkg.cfg.d"
  # The tree is thrown away: dpkg need not wait for the disk after each package.
  echo force-unsafe-io > "$tree/etc/dpkg/dpkg.cfg.d/unsafe-io"
  bootstrap --include="nodejs,libnode-dev,libstdc++6,python3,make,$compilers" trixie "$tree"
  echo "$compilers" > "$tree.made"
fi
# What Debian's Node of another architecture needs, unpacked and not set up: its headers, and libraries to run it with.
libraries_of() {
  local libraries=$trees/$1
  if [ "$1" != "$here" ] && [ ! -e "$libraries.made" ]; then
    rm -rf "$libraries"
    bootstrap --foreign --arch="$1" --include=nodejs,libnode-dev,libstdc++6 trixie "$work/$1"
    mkdir "$libraries"
    for package in "$work/$1"/var/cache/apt/archives/*.deb; do dpkg-deb -x "$package" "$libraries"; done
    rm -rf "${work:?}/$1"
    touch "$libraries.made"
  fi
}
# npm's package of a Node: its headers serve every processor, its program one of them (--force: not this one).
node_home() {
  local package=node-linux-$2 folder=$trees/node-$1-$2
  [ -e "$folder/node_modules/$package/bin/node" ] ||
    npm install --prefix "$folder" --force --no-save --ignore-scripts --no-audit --no-fund --loglevel=error "$package@$1" >&2 ||
    give_up "npm could not fetch $package@$1"
  echo "$folder/node_modules/$package"
}

npm run build >&2
npm_home=$(npm root --global)/npm
[ -e "$npm_home/bin/npm-cli.js" ] || give_up "npm is not where it says it is ($npm_home)"
rm -rf "$tree/root/npm"
cp -rL "$npm_home" "$tree/root/npm"

build() {
  local architecture=$1 cpu triple libraries headers
  cpu=$(cpu_of "$1") triple=$(triple_of "$1") libraries=$trees/$1
  local source=$tree/root/source
  rm -rf "$source" "$tree/root/out" "$tree/root/headers"
  mkdir -p "$source" "$tree/root/out" "$tree/root/headers"
  for path in agent drivers config systemd dist package.json package-lock.json .npmrc LICENSE README.md CHANGELOG.md; do
    cp -a "$path" "$source/"
  done
  rm -f "$source"/dist/*.deb "$source"/dist/SHA256SUMS "$source"/dist/chargetill-pins
  (cd "$source" && npm ci --omit=dev --ignore-scripts --os=linux --cpu="$cpu" --libc=glibc --no-audit --no-fund --loglevel=error >&2)
  for node in $(nodes_of "$architecture"); do
    if [ "$node" = 20 ]; then headers=$libraries/usr/include; else headers=$(node_home "$node" x64)/include; fi
    mkdir "$tree/root/headers/$node"
    cp -a "$headers" "$tree/root/headers/$node/"
    # Offline: what would be fetched is there. Each Node finds its own by the number of its ABI; the serial port's
    # module needs no building, its package brings it for every Node.
    in_tree env CC="$triple-gcc" CXX="$triple-g++" npm_config_arch="$cpu" npm_config_nodedir="/root/headers/$node" npm_config_offline=true sh -c '
      set -e
      cd /root/source
      node /root/npm/bin/npm-cli.js rebuild --loglevel=error epoll spi-device
      abi=$(sed -n "s/^#define NODE_MODULE_VERSION \([0-9]*\)$/\1/p" "$npm_config_nodedir/include/node/node_version.h")
      for module in epoll spi-device; do
        binding=node_modules/$module/lib/binding/node-v$abi-linux-$npm_config_arch
        mkdir -p "$binding"
        mv node_modules/$module/build/Release/*.node "$binding/"
        rm -rf "node_modules/$module/build"
      done'
  done
  in_tree env CC="$triple-gcc" sh -c \
    "cd /root/source && node systemd/debian/build-package.js --installed --architecture $architecture --nodes '$(nodes_of "$architecture")' --out /root/out"
}
# Says the version, and loads the native modules, by each Node that the package is for.
try() {
  local architecture=$1 installed=/root/installed/usr/lib/chargetill outside=
  rm -rf "$tree/root/installed"
  dpkg-deb -x "$2" "$tree/root/installed"
  for node in $(nodes_of "$architecture"); do
    local start=()
    [ "$architecture" = "$here" ] || start=("$(qemu_of "$architecture")" -L "$trees/$architecture")
    if [ "$node" = 20 ] && [ "$architecture" = "$here" ]; then
      start=(in_tree /usr/bin/node) outside=
    elif [ "$node" = 20 ]; then
      start+=("$trees/$architecture/usr/bin/node") outside=$tree
    else
      start+=("$(node_home "$node" "$(cpu_of "$architecture")")/bin/node") outside=$tree
    fi
    "${start[@]}" "$outside$installed/dist/agent/cli.js" --version > /dev/null
    "${start[@]}" -e "for (const name of ['epoll', 'spi-device', '@serialport/bindings-cpp']) require('$outside$installed/node_modules/' + name); console.log('  Node ' + process.version + ' on ' + process.arch)"
  done
}
# A function that runs under || would go on after a failed command; a shell of its own stops there.
logged() {
  local log=$1 && shift
  set +e
  (set -e && "$@") > "$log" 2>&1
  local status=$?
  set -e
  [ "$status" = 0 ] || cat "$log" >&2
  return "$status"
}
for architecture in "${architectures[@]}"; do
  [ "$architecture" = "$here" ] || command -v "$(qemu_of "$architecture")" > /dev/null ||
    give_up "this machine cannot try $architecture programs: install qemu-user-static"
  libraries_of "$architecture"
  logged "$work/build.log" build "$architecture"
  deb=$(ls "$tree"/root/out/*.deb)
  logged "$work/try.log" try "$architecture" "$deb"
  cp "$deb" "$out/"
  echo "ok $(basename "$deb"), whose native modules were loaded by"
  cat "$work/try.log"
done
# The verifier for any browser, to be had from somewhere else than from a station.
cp dist/agent/web/verify.html dist/agent/web/find.html "$out/"
(cd "$out" && sha256sum chargetill_*.deb verify.html find.html > SHA256SUMS && cat SHA256SUMS)
