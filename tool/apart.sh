#!/usr/bin/env bash
# Runs a command that may be, or may start, code of the pull request: `apart.sh COMMAND ARGUMENT...`
#
# It gets no token, neither the runner's files nor anything else of ACTIONS_*, and what it prints is not read as commands.
# That keeps accidents apart, not attackers: see SECURITY.md.
set -euo pipefail

# By env, not by unset: bash hands on variables whose names it does not take itself, such as `SOME-ACTION_TOKEN`.
scrubbed=(env)
while IFS= read -r -d '' variable; do
  name="${variable%%=*}"
  case "$name" in
    ACTIONS_* | *_TOKEN | GITHUB_ENV | GITHUB_PATH | GITHUB_OUTPUT | GITHUB_STATE | GITHUB_STEP_SUMMARY)
      scrubbed+=(-u "$name")
      ;;
  esac
done < <(env -0)
# Where `env` does not know `-0` nothing was read, and everything would pass.
[ -n "${name:-}" ] || {
  echo "::error::The environment cannot be read: expected an \`env\` that takes -0."
  exit 1
}

# Both streams go through one pipe, and the token is printed when its reader has ended: nothing comes after the token.
folder="$(mktemp -d)"
mkfifo "$folder/pipe"
cat "$folder/pipe" &
reader=$!

quiet="$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
finish() {
  exec 3>&-
  # A process that was left behind keeps the pipe open. It gets a few seconds, then it writes into a closed pipe.
  { sleep "${APART_PATIENCE:-5}" && kill -9 "$reader"; } > /dev/null 2>&1 &
  wait "$reader" 2> /dev/null || true
  kill "$!" 2> /dev/null || true
  # A newline first: what was printed last may have left its line open, and then this one would not be read.
  printf "\n::%s::\n" "$quiet"
}
trap finish EXIT
echo "::stop-commands::$quiet"
exec 3> "$folder/pipe"
rm -r "$folder"
"${scrubbed[@]}" "$@" 1>&3 2>&3 3>&-
