#!/bin/sh
# The bots that `make bench` measures beside ours, each in its own environment. Called by deploy/prepare.sh; may run twice.
set -eu
cd "$(dirname "$0")/../.."

# peer NAME PACKAGE…: make .venv-peers/NAME unless it holds just these versions already.
peer() {
    folder=.venv-peers/$1
    shift
    [ "$(cat "$folder/installed" 2>/dev/null)" = "$*" ] && return 0
    [ -x "$folder/bin/python" ] || .venv/bin/python -m venv "$folder"
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$@" || return 1
    echo "$*" >"$folder/installed"
}

missing=0
# errbot's own test back end, which answers in memory, imports pytest.
peer errbot errbot==6.2.0 pytest==9.2.0 || missing=1
# opsdroid imports pkg_resources, which newer setuptools no longer bring.
peer opsdroid opsdroid==0.31.0 "setuptools==80.9.0" || missing=1
exit "$missing"
