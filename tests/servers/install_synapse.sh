#!/bin/sh
# Installs the Matrix server that the tests run against, in its own environment at the repository root.
# Called by `make test`. Does nothing when the pinned version is there already.
set -eu

version=1.163.2
root=$(cd "$(dirname "$0")/../.." && pwd)
python="$root/.venv-synapse/bin/python"

if [ -x "$python" ] && "$python" -c "
import importlib.metadata, sys
sys.exit(importlib.metadata.version('matrix-synapse') != '$version')" 2>/dev/null; then
    exit 0
fi
rm -rf "$root/.venv-synapse"
python3 -m venv "$root/.venv-synapse"
"$python" -m pip install --quiet --disable-pip-version-check "matrix-synapse==$version"
