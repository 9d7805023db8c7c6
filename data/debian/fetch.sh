#!/usr/bin/env bash
# Makes an English-German corpus of the translations in the Debian archive; needs no root.
#   data/debian/fetch.sh OUTDIR [core|full]
# core (the default) downloads about 29 MB and takes half a minute. OUTDIR gets train, dev and test as
# .en, .de and .source (each line's source), LICENCES.txt and manifest.txt. What was downloaded is kept in
# data/debian/work for the next time; an OUTDIR that is already there is left as it is.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../corpus/common.sh"
[ $# -ge 1 ] && [ $# -le 2 ] && [[ ${2:-core} =~ ^(core|full)$ ]] || usage "$0"
out=${1%/} set=${2:-core}
start "$out" "set: $set"
for program in apt-get dpkg-deb /usr/lib/apt/apt-helper; do
    command -v "$program" >/dev/null ||
        fail "this needs $program, as Debian and Ubuntu have it; elsewhere use data/multi30k or data/wmt"
done

# A private apt state: it needs no root, leaves the system's alone, and holds the translated descriptions
# even where the system's does without.
state=$here/work
mkdir -p "$state"/{lists/partial,cache/archives/partial,packages,root}
cat >"$state/apt.conf" <<END
#clear Acquire::Languages;
Acquire::Languages { "en"; "de"; };
Dir::State::lists "$state/lists";
Dir::Cache "$state/cache";
APT::Sandbox::User "";
END
apt() {
    apt-get -c "$state/apt.conf" -qq "$@"
}
remedy="check the network and the mirror in /etc/apt/sources.list*, remove $state if it is old, and run this again"

# index KIND: all stanzas of the downloaded indexes of that kind, in the order of their file names.
index() {
    apt indextargets --format '$(FILENAME)' "Created-By: $1" | sort |
        while read -r file; do
            /usr/lib/apt/apt-helper cat-file "$file"
            echo
        done
}
if [ ! -e "$state/root/Packages" ]; then
    echo "$name: reading the package indexes"
    apt update >"$work/log" 2>&1 || true
    if [ -z "$(apt indextargets --format '$(FILENAME)' 'Created-By: Translations' 'Language: de')" ]; then
        cat "$work/log" >&2
        fail "apt-get update brought no German package descriptions; $remedy"
    fi
    for kind in Translations Packages; do
        index "$kind" >"$work/$kind"
        mv "$work/$kind" "$state/root/$kind"
    done
fi

packages=$(awk -F '\t' -v set="$set" '!/^#/ && ($2 == "core" || set == "full") && $6 != "-" { print $6 }' \
    "$here/sources.tsv" | tr ' ' '\n' | sort -u)
for package in $packages; do
    [ ! -e "$state/packages/$package" ] || continue
    echo "$name: fetching $package"
    (cd "$work" && apt download "$package") >"$work/log" 2>&1 || {
        cat "$work/log" >&2
        fail "apt-get could not download $package; $remedy"
    }
    dpkg-deb -x "$work/$package"_*.deb "$state/root"
    basename "$work/$package"_*.deb >"$state/packages/$package"
done

make_corpus "$here/sources.tsv" "$set" "$state/root"
(cd "$state/packages" && echo && echo 'packages:' && cat $packages) >>"$work/corpus/manifest.txt"
finish "$out"
