#!/bin/sh
# Installs Redmine from Debian's packages, for the tests that need a real one. Needs root; to repeat it is harmless.
# Nothing is started and no database is made: tests/servers/redmine.py does that, in a folder of its own.
set -eu

installed() {
    for package; do
        [ "$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null)" = 'install ok installed' ] || return 1
    done
}

! installed redmine redmine-sqlite ruby-webrick || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "Redmine is not installed here. On Debian 12, as root: $0" >&2
    exit 1
fi
echo "Installing Redmine from Debian's packages" >&2
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -qq -y --no-install-recommends ruby-bundler >/dev/null
# Debian's own bundler knows that Debian's packages are gems. The one that comes with Ruby itself, which is found
# first, misses some of them, and with it Redmine's installation fails.
RUBYLIB=$(echo /usr/share/rubygems-integration/all/gems/bundler-*/lib)
export RUBYLIB
echo 'redmine redmine/instances/default/dbconfig-install boolean false' | debconf-set-selections
apt-get install -qq -y --no-install-recommends redmine redmine-sqlite ruby-webrick >/dev/null
