# Functions of the scripts here, to be sourced in the folder of the project: what a machine lacks is installed by them.

policy=/usr/sbin/policy-rc.d
own_policy=no

heading() {
  printf '\n== %s\n\n' "$1"
}

# The version of Vigil, from the one place it stands in.
current_version() {
  sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1
}

as_root() {
  if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

# What is missing of the Debian packages that provide these commands or files: missing COMMAND:PACKAGE...
missing() {
  local pair
  for pair in "$@"; do
    PATH=$PATH:/usr/sbin:/sbin command -v "${pair%:*}" >/dev/null || [[ -f ${pair%:*} ]] || echo "${pair##*:}"
  done
}

# Installs what is missing of them, unless the variable `install` is `no`: needs COMMAND:PACKAGE...
needs() {
  local wanted
  mapfile -t wanted < <(missing "$@" | sort -u)
  ((${#wanted[@]})) || return 0
  heading "Installing: ${wanted[*]}"
  if [[ ${install:-yes} == no ]] || ! command -v apt-get >/dev/null || ! { ((EUID == 0)) || command -v sudo >/dev/null; }; then
    echo "$0: not installed here: ${wanted[*]}" >&2
    exit 1
  fi
  # What is installed for a test or a build must not start a service.
  if [[ ! -e $policy ]]; then
    own_policy=yes
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
  fi
  as_root apt-get -q -o DPkg::Lock::Timeout=300 update
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "${wanted[@]}"
}

# Undoes what `needs` did for its own sake.
undo_policy() {
  if [[ $own_policy == yes ]]; then as_root rm -f "$policy"; fi
}
