# A throw-away Debian that systemd boots, in a container of systemd-nspawn. To be sourced, and run by root.

# Makes a system of which there are copies, unless it is there: make_root ARCH FOLDER. `packages` are what it has besides the
# essential ones.
packages=systemd,systemd-sysv,dbus,curl,ca-certificates,iproute2
make_root() {
  [[ ! -e $2/etc/debian_version ]] || return 0
  local mirror
  # shellcheck disable=SC2016 # for apt
  mirror=$(apt-get indextargets --format '$(SITE)' | head -n 1)
  rm -rf "$2.new"
  mkdir -p "$(dirname "$2")"
  # Debian 12 is the oldest that the package is for.
  mmdebstrap --quiet --mode=root --architectures="$1" --variant=minbase \
    --include="$packages" bookworm "$2.new" "${mirror:-http://deb.debian.org/debian}"
  mv "$2.new" "$2"
}

# Lets this kernel run programs of ARCH; says 1 where it cannot. forget_emulation undoes it.
emulated=no
mounted=no
emulate() {
  [[ $1 == arm64 && $(uname -m) != aarch64 ]] || return 0
  local formats=/proc/sys/fs/binfmt_misc
  [[ ! -e $formats/qemu-aarch64 ]] || return 0
  if [[ ! -e $formats/register ]]; then
    mount -t binfmt_misc binfmt_misc "$formats"
    mounted=yes
  fi
  cat /usr/lib/binfmt.d/qemu-aarch64.conf >"$formats/register"
  emulated=yes
}

forget_emulation() {
  if [[ $emulated == yes ]]; then echo -1 >/proc/sys/fs/binfmt_misc/qemu-aarch64; fi
  if [[ $mounted == yes ]]; then umount /proc/sys/fs/binfmt_misc; fi
}

# Boots a copy of ROOT, with FOLDER as /in: boot ARCH ROOT FOLDER. Then `machine` is its process here, and `init` its systemd.
boot() {
  copy=$(mktemp -d)
  mkdir "$copy/changes" "$copy/work" "$copy/root"
  mount -t overlay overlay -o "lowerdir=$2,upperdir=$copy/changes,workdir=$copy/work" "$copy/root"
  local personality=()
  [[ $1 != i386 ]] || personality=(--personality=x86)
  systemd-nspawn --quiet --register=no --keep-unit --private-network --console=pipe "${personality[@]}" \
    --directory="$copy/root" --machine="vigil-test-$$" --bind-ro="$3:/in" \
    --boot systemd.unified_cgroup_hierarchy=1 </dev/null >"$copy/console" 2>&1 &
  machine=$!
  local state
  for _ in $(seq 600); do
    init=$(pgrep --parent "$machine" | head -n 1) || true
    if [[ -n $init && $(cat "/proc/$init/comm") != systemd-nspawn ]]; then
      state=$(inside systemctl is-system-running 2>/dev/null) || true
      case $state in running | degraded) return 0 ;; esac
    fi
    kill -0 "$machine" 2>/dev/null || break
    sleep 0.2
  done
  echo "the machine does not boot:" >&2
  cat "$copy/console" >&2
  return 1
}

# Runs a command there.
inside() {
  nsenter --target "$init" --mount --uts --ipc --net --pid --cgroup --root --wd -- \
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM=dumb \
    DEBIAN_FRONTEND=noninteractive "$@"
}

# The process of this machine that is the process PID there.
process_here() {
  local namespace status
  namespace=$(readlink "/proc/$init/ns/pid")
  for status in /proc/[0-9]*/status; do
    if [[ $(sed -n 's/^NSpid:.*\t//p' "$status" 2>/dev/null) == "$1" ]] &&
      [[ $(readlink "${status%status}ns/pid") == "$namespace" ]]; then
      basename "${status%/status}"
      return 0
    fi
  done
  return 1
}

power_off() {
  [[ -n ${machine:-} ]] || return 0
  inside systemctl poweroff >/dev/null 2>&1 || true
  for _ in $(seq 50); do
    kill -0 "$machine" 2>/dev/null || break
    sleep 0.2
  done
  kill -KILL "$machine" 2>/dev/null || true
  wait "$machine" 2>/dev/null || true
  umount --lazy "$copy/root"
  rm -rf "$copy"
  machine=
}
