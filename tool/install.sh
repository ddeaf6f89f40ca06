#!/usr/bin/env bash
# The first step of both actions: an environment for the tool alone, in a folder of its own under RUNNER_TEMP. Sets the
# step outputs `files` (that folder) and `command` (what runs the tool).
#
# Everything installed is a wheel named by hash in requirements.txt beside this file (`make requirements` writes it). The
# tool itself runs from the action's own folder: it is not built, so no build backend is downloaded either.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
files="$(mktemp -d "$RUNNER_TEMP/export-action.XXXXXX")"
python="$(command -v python3 || command -v python)" || {
  echo "::error::export-action needs Python 3.10 or later: run actions/setup-python before it."
  exit 1
}
# `-I`: a venv.py or pip.py in the checked repository must not be taken for the real one.
"$python" -I -m venv "$files/tool"
bin="$files/tool/bin"
[ -d "$bin" ] || bin="$files/tool/Scripts"
"$bin/python" -I -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
  --requirement "$here/requirements.txt"
"$bin/python" -I - "${here%/*}/src" <<'PYTHON'
import pathlib, sys, sysconfig
folder = pathlib.Path(sys.argv[1]).resolve(strict=True)
pathlib.Path(sysconfig.get_path("purelib"), "transformers-export.pth").write_text(f"{folder}\n", encoding="utf-8")
PYTHON
cat > "$bin/transformers-export" <<'SH'
#!/bin/sh
exec "$(dirname "$0")/python" -I -m transformers_export "$@"
SH
chmod +x "$bin/transformers-export"
{
  echo "files=$files"
  echo "command=$bin/transformers-export"
} >> "$GITHUB_OUTPUT"
