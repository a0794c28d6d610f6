#!/bin/sh
# Installs what a target of the Makefile needs, by name, from apt and pip. Called by the Makefile alone.
# Without root nothing is installed by apt: what is missing is named, and the suites that need it are skipped.
set -eu
cd "$(dirname "$0")/.."

python() {
    for name in python3.13 python3.12 python3.11 python3; do
        if "$name" -c "import sys; sys.exit(sys.version_info < (3, 11))" 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    echo "Parley needs Python 3.11 or newer: install python3 and try again." >&2
    exit 1
}

# apt PROGRAM PACKAGE: have PROGRAM, or install PACKAGE where we may.
apt() {
    PATH="$PATH:/usr/sbin" command -v "$1" >/dev/null && return 0
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        [ -e /var/lib/apt/lists/lock ] && [ -n "$(ls /var/lib/apt/lists | grep -v -e lock -e partial || true)" ] || apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" >/dev/null 2>&1 ||
            { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" >/dev/null; } ||
            echo "$2 could not be installed: what needs $1 is skipped." >&2
    else
        echo "$1 is missing (apt-get install $2): what needs it is skipped." >&2
    fi
}

environment() {
    if ! "$(python)" -c 'import venv, ensurepip' 2>/dev/null; then
        apt no-such-program "$(python)-venv"
    fi
    [ -x .venv/bin/python ] || "$(python)" -m venv .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
    # Compiled now, not at the first start.
    .venv/bin/python -m compileall -q bot adapters capabilities approvals scheduler
}

demo() {
    apt bwrap bubblewrap
    apt curl curl
}

programs() {
    demo
    apt nginx nginx-light
    apt ss iproute2
    apt ps procps
    apt git git
    apt tmux tmux
}

case "$1" in
environment) environment ;;
demo) demo ;;
test)
    programs
    apt npm npm
    sh tests/servers/install_local_slack.sh || echo "local-slack could not be installed: its suite is skipped." >&2
    sh tests/servers/install_aimock.sh || echo "aimock could not be installed: the suite of voice notes is skipped." >&2
    sh tests/servers/install_synapse.sh || echo "Synapse could not be installed: the Matrix suites are skipped." >&2
    ;;
bench)
    programs
    sh tests/bench/install_peers.sh || echo "The peers could not be installed: their rows are missing." >&2
    ;;
report)
    for need in bwrap:bubblewrap nginx:nginx-light curl:curl ss:iproute2 tmux:tmux; do
        PATH="$PATH:/usr/sbin" command -v "${need%%:*}" >/dev/null || echo "skipped: what needs ${need%%:*} (apt-get install ${need##*:})"
    done
    [ -d .node/node_modules/local-slack-linux-x64 ] || echo "skipped: Slack against local-slack (sh tests/servers/install_local_slack.sh)"
    [ -d .node/aimock/node_modules/@copilotkit/aimock ] || echo "skipped: voice notes against aimock (sh tests/servers/install_aimock.sh)"
    [ -x .venv-synapse/bin/python ] || echo "skipped: Matrix against a real Synapse (sh tests/servers/install_synapse.sh)"
    ;;
esac
