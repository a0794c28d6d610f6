#!/bin/sh
# Installs the Slack stand-in that the tests run against, in .node at the repository root.
# Called by `make test`. Does nothing when the pinned version is there already.
set -eu

version=0.1.8
root=$(cd "$(dirname "$0")/../.." && pwd)
package="$root/.node/node_modules/local-slack-linux-x64"

if [ -x "$package/bin/local-slack" ] && grep -q "\"version\": \"$version\"" "$package/package.json"; then
    exit 0
fi
mkdir -p "$root/.node"
echo "*" > "$root/.node/.gitignore"
npm install --silent --no-save --no-audit --no-fund --prefix "$root/.node" "local-slack-linux-x64@$version"
