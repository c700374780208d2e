#!/bin/sh
# Brings what the journeys need from Debian, where this is root on a Debian; elsewhere the tests that lack a
# tool are skipped with their reason (and fail when CI is set).
set -eu
missing=""
command -v php >/dev/null 2>&1 || missing="$missing php-cli php-curl"
command -v curl >/dev/null 2>&1 || missing="$missing curl"
command -v openssl >/dev/null 2>&1 || missing="$missing openssl"
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
command -v node >/dev/null 2>&1 || missing="$missing nodejs"
command -v php >/dev/null 2>&1 && { php -m | grep -qi '^curl$' || missing="$missing php-curl"; }
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "bringing from Debian:$missing" >&2
    apt-get update -qq >&2
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "not here, and not root on a Debian, so their tests are skipped:$missing" >&2
fi
