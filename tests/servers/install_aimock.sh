#!/bin/sh
# Installs the stand-in for transcription and speech that the tests run against, in .node/aimock at the repository root, apart from others: npm removes what it does not know.
# Called by `make test`. Does nothing when the pinned version is there already.
set -eu

version=1.43.0
root=$(cd "$(dirname "$0")/../.." && pwd)
package="$root/.node/aimock/node_modules/@copilotkit/aimock"

if [ -f "$package/dist/cli.js" ] && grep -q "\"version\": \"$version\"" "$package/package.json"; then
    exit 0
fi
mkdir -p "$root/.node/aimock"
echo "*" > "$root/.node/.gitignore"
npm install --silent --no-save --no-audit --no-fund --prefix "$root/.node/aimock" "@copilotkit/aimock@$version"
