# Tests as functions. To be sourced; `scratch` is a folder for what is passing.
# shellcheck shell=bash disable=SC2154

passed=0
failed=0

# What is done after a failure, with no effect on others.
after_failure() { :; }

# Runs a function as one test: check NAME FUNCTION [ARGUMENT...]
check() {
  local code=0 start=$SECONDS
  set +e
  (set -e; "${@:2}") >"$scratch/said" 2>&1
  code=$?
  set -e
  if ((code == 0)); then
    passed=$((passed + 1))
    echo "ok: $1 ($((SECONDS - start)) s)"
  else
    failed=$((failed + 1))
    sed 's/^/    /' "$scratch/said"
    echo "FAILED: $1"
    after_failure || true
  fi
}

# Counts them, and fails if one of them did: all_passed NAME
all_passed() {
  echo "$1: $passed passed, $failed failed"
  ((failed == 0))
}

# Waits until a command succeeds, but not for ever: soon COMMAND...
soon() {
  local _
  for _ in $(seq 150); do
    if "$@" >/dev/null 2>&1; then return 0; fi
    sleep 0.2
  done
  echo "this did not come true: $*"
  return 1
}

refute() {
  if "$@"; then echo "this should fail: $*"; return 1; fi
}
