#!/usr/bin/env bash
# Installs what Satz needs on Debian and Ubuntu (as root, or through sudo); does nothing when all is there.
#   scripts/setup.sh          what building, testing and the corpus makers need
#   scripts/setup.sh --lint   also what `make lint` needs
#   scripts/setup.sh --full   also what `make check-full` needs
# On another system it names what is missing and stops with status 1.
set -eu

# Debian's package (or alternatives, the first that apt knows), and how another system shows it has the
# same: the name of a program, or a header.
needed='
gcc                         cc
g++                         c++
make                        make
pkg-config                  pkg-config
perl                        perl
libopenblas-dev             cblas.h
libdnnl-dev|libonednn-dev   dnnl.h
libsentencepiece-dev        sentencepiece_processor.h
libyaml-dev                 yaml.h
libcmocka-dev               cmocka.h
libpango1.0-dev             pango/pangocairo.h
libminizip-dev              minizip/zip.h
libjansson-dev              jansson.h
libxxhash-dev               xxhash.h
libmicrohttpd-dev           microhttpd.h
zlib1g-dev                  zlib.h
libunistring-dev            unistr.h
fonts-dejavu-core           -
locales                     localedef
mandoc                      mandoc
zsh                         zsh
'
needed_to_lint='
clang-format                clang-format
cppcheck                    cppcheck
'
needed_in_full='
clang                                clang
libclang-rt-14-dev|libclang-rt-dev   -
libomp-dev                           -
chromium|chromium-browser            chromium
chromium-driver|chromium-chromedriver chromedriver
curl                                 curl
gcovr                                gcovr
valgrind                             valgrind
clang-tidy                           clang-tidy
xz-utils                             xz
'

installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# missing_packages TABLE: the rows of which no alternative is installed, one a line.
missing_packages() {
    local names name found
    while read -r names _; do
        [ -n "$names" ] || continue
        found=
        for name in ${names//|/ }; do
            if installed "$name"; then found=1; fi
        done
        [ -n "$found" ] || echo "$names"
    done <<<"$1"
}

# missing_elsewhere TABLE: the same on a system without dpkg, by looking for each program or header.
missing_elsewhere() {
    local names probe flags
    flags=$(for p in openblas pangocairo sentencepiece jansson; do
        pkg-config --cflags "$p" 2>/dev/null || true
    done)
    while read -r names probe; do
        case $probe in
        '' | -) ;;
        *.h) echo "#include <$probe>" | c++ $flags -E -x c++ - >/dev/null 2>&1 ||
            echo "the header $probe (Debian: ${names%%|*})" ;;
        *) command -v "$probe" >/dev/null || echo "the program $probe (Debian: ${names%%|*})" ;;
        esac
    done <<<"$1"
}

# chosen NAMES: the first of the alternatives NAMES that apt can install.
chosen() {
    local name
    for name in ${1//|/ }; do
        if apt-cache policy "$name" | grep -q 'Candidate: [^(]'; then
            echo "$name"
            return
        fi
    done
    echo "setup: apt knows no package ${1//|/ or }; on Ubuntu, enable 'universe' and run this again" >&2
    return 1
}

table=$needed
case ${1:-} in
'') ;;
--lint) table+=$needed_to_lint ;;
--full) table+=$needed_to_lint$needed_in_full ;;
*)
    sed -n '2,6s/^# \?//p' "$0" >&2
    exit 2
    ;;
esac

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    missing=$(missing_elsewhere "$table")
    [ -n "$missing" ] || exit 0
    echo "setup: this is neither Debian nor Ubuntu; please install what is missing, then run make again:" >&2
    echo "$missing" | sed 's/^/  /' >&2
    exit 1
fi

missing=$(missing_packages "$table")
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" != 0 ]; then
    as_root=sudo
    if ! command -v sudo >/dev/null; then
        echo "setup: neither root nor sudo here; please have an administrator run" >&2
        echo "  apt-get install" $(cut -d "|" -f 1 <<<"$missing") >&2
        exit 1
    fi
fi
apt="$as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq"
echo "setup: reading the package lists"
$apt update || echo "setup: apt-get update failed; going on with the lists that are here" >&2
packages=
for names in $missing; do
    packages+=" $(chosen "$names")"
done
echo "setup: installing$packages"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! $apt install -y --no-install-recommends $packages >"$log" 2>&1; then
    cat "$log" >&2
    echo "setup: apt-get could not install the packages above; is the package mirror within reach?" >&2
    exit 1
fi
echo "setup: done"
