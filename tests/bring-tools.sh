#!/bin/sh
# Brings what the journeys need from Debian, where this is root on a Debian; elsewhere the tests that lack a
# tool are skipped with their reason (and fail when CI is set).
set -eu
has() { command -v "$1" >/dev/null 2>&1; }
missing=""
has php || missing="$missing php-cli php-curl"
has curl || missing="$missing curl"
has openssl || missing="$missing openssl"
has chromium-headless-shell || has chromium || missing="$missing chromium-headless-shell"
has node || missing="$missing nodejs"
has php && { php -m | grep -qi '^curl$' || missing="$missing php-curl"; }
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && has apt-get; then
    echo "bringing from Debian:$missing" >&2
    apt-get update -qq >&2
    # Older releases have no build of their own for machines without a screen.
    apt-cache show chromium-headless-shell >/dev/null 2>&1 ||
        missing=$(echo "$missing" | sed 's/chromium-headless-shell/chromium/')
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "not here, and not root on a Debian, so their tests are skipped:$missing" >&2
fi
