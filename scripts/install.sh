#!/usr/bin/env bash
# Puts what was built where it belongs, or takes it away again: `make install`, `make uninstall`.
# The Makefile hands over the folders, DESTDIR, BUILD, VERSION and SONAME.
set -eu
cd "$(dirname "$0")/.."

# Every installed file: mode, what it is made from, where it goes. From "->" on: a symbolic link.
files() {
    echo "755 $BUILD/satz $bindir/satz"
    for lib in satz satzeval; do
        echo "644 $BUILD/static/lib$lib.a $libdir/lib$lib.a"
        echo "644 $BUILD/lib$lib.so.$VERSION $libdir/lib$lib.so.$VERSION"
        echo "-> lib$lib.so.$VERSION $libdir/lib$lib.$SONAME"
        echo "-> lib$lib.so.$VERSION $libdir/lib$lib.so"
    done
    echo "644 src/satz.h $includedir/satz/satz.h"
    echo "644 eval/eval.h $includedir/satz/eval.h"
    echo "pc src/satz.pc.in $pkgconfigdir/satz.pc"
    echo "pc eval/satzeval.pc.in $pkgconfigdir/satzeval.pc"
    for page in "$BUILD"/man/*.[1-9]; do
        echo "644 $page $mandir/man${page##*.}/${page##*/}"
    done
    echo "644 $BUILD/man/satz.bash $datadir/bash-completion/completions/satz"
    echo "644 $BUILD/man/satz.zsh $datadir/zsh/site-functions/_satz"
    for recipe in configs/*.yaml configs/*/*.yaml; do
        echo "644 $recipe $datadir/satz/$recipe"
    done
    for text in README.md docs/*.md docs/*.png docs/examples/* docs/extending/*; do
        echo "644 $text $docdir/${text#docs/}"
    done
}

put() { # MODE SOURCE DESTINATION
    mkdir -p "$(dirname "$3")"
    case $1 in
    '->') ln -sf "$2" "$3" ;;
    pc)
        sed -e "s|@prefix@|$prefix|; s|@libdir@|$libdir|; s|@includedir@|$includedir|" \
            -e "s|@version@|$VERSION|" "$2" >"$3.new"
        chmod 644 "$3.new"
        mv -f "$3.new" "$3"
        ;;
    *) install -m "$1" "$2" "$3" ;;
    esac
}

case ${1:-} in
install)
    files | while IFS=' ' read -r mode source destination; do
        put "$mode" "$source" "$DESTDIR$destination"
    done
    if [ -z "$DESTDIR" ] && [ "$(id -u)" = 0 ]; then ldconfig; fi
    echo "satz $VERSION is installed in $DESTDIR$prefix"
    ;;
uninstall)
    files | while IFS=' ' read -r _ _ destination; do
        rm -f "$DESTDIR$destination"
    done
    for folder in "$includedir/satz" "$datadir/satz/configs/luong2015" "$datadir/satz/configs" "$datadir/satz" \
        "$docdir/examples" "$docdir/extending" "$docdir"; do
        if [ -d "$DESTDIR$folder" ]; then rmdir --ignore-fail-on-non-empty "$DESTDIR$folder"; fi
    done
    if [ -z "$DESTDIR" ] && [ "$(id -u)" = 0 ]; then ldconfig; fi
    ;;
*)
    echo "install.sh: run \`make install\` or \`make uninstall\`" >&2
    exit 2
    ;;
esac
