#!/usr/bin/env bash
# What the tests of packages need from afar and keep: the checkers of container files, and a fresh Debian. Both take a
# minute the first time, so CI has them made while it does other things. prepare.sh python|debian…
set -euo pipefail
cd "$(dirname "$0")/../.."
mkdir -p .build
for what; do
    # Who comes second finds it done.
    exec 9>".build/prepare-$what.lock"
    flock 9
    case $what in
    python)
        folder=.build/package-tests
        if ! cmp -s Tests/Package/requirements.txt "$folder/installed"; then
            python3 -m venv --clear "$folder"
            "$folder/bin/pip" install --quiet --disable-pip-version-check -r Tests/Package/requirements.txt
            cp Tests/Package/requirements.txt "$folder/installed"
        fi
        ;;
    debian)
        base=${TAPEDECK_DEBIAN_ROOT:-/var/tmp/tapedeck-bookworm}
        if [ ! -e "$base/etc/debian_version" ]; then
            rm -rf "$base.new"
            debootstrap --variant=minbase bookworm "$base.new" http://deb.debian.org/debian >.build/debootstrap.log 2>&1 || {
                cat .build/debootstrap.log
                exit 1
            }
            mv "$base.new" "$base"
        fi
        ;;
    esac
    exec 9>&-
done
