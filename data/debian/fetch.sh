#!/usr/bin/env bash
# Makes an English-German corpus of the translations in the Debian archive; needs no root.
#   data/debian/fetch.sh OUTDIR [core|full]
# core (the default) downloads about 29 MB and takes half a minute. OUTDIR gets train, dev and test as
# .en, .de and .source (each line's source), LICENCES.txt and manifest.txt. What was downloaded is kept in
# data/debian/work/download for the next time; an OUTDIR that is already there is left as it is.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

fail() {
    printf 'data/debian: %s\n' "$@" >&2
    exit 1
}
if [ $# -lt 1 ] || [ $# -gt 2 ] || ! [[ ${2:-core} =~ ^(core|full)$ ]]; then
    sed -n '2,6s/^# \?//p' "$0" >&2
    exit 2
fi
out=${1%/} set=${2:-core}
downloads=$here/work/download

if [ -e "$out" ]; then
    grep -qsx "set: $set" "$out/manifest.txt" ||
        fail "$out is there, but is no $set corpus; remove it or name another folder"
    echo "data/debian: $out is there already"
    exit 0
fi
for program in apt-get dpkg-deb perl /usr/lib/apt/apt-helper; do
    command -v "$program" >/dev/null ||
        fail "this needs $program, as Debian and Ubuntu have it; elsewhere use data/multi30k or data/wmt"
done
perl -MUnicode::Normalize -MDigest::MD5 -e 1 2>/dev/null ||
    fail "perl's standard modules are missing; scripts/setup.sh installs them"

# A private apt state: it needs no root, leaves the system's alone, and holds the translated descriptions
# even where the system's does without.
mkdir -p "$downloads"/{lists/partial,cache/archives/partial,deb,root}
cat >"$downloads/apt.conf" <<END
#clear Acquire::Languages;
Acquire::Languages { "en"; "de"; };
Dir::State::lists "$downloads/lists";
Dir::Cache "$downloads/cache";
APT::Sandbox::User "";
END
export LC_ALL=C.UTF-8
apt() {
    apt-get -c "$downloads/apt.conf" -qq "$@"
}
work=$(mktemp -d "$downloads/tmp.XXXXXX")
trap 'rm -rf "$work"' EXIT

mirror_remedy="check the network and the package mirror in /etc/apt/sources.list*, then run this again"
if [ ! -e "$downloads/lists.complete" ]; then
    echo "data/debian: reading the package indexes"
    apt update >"$work/log" 2>&1 || true
    if [ -z "$(apt indextargets --format '$(LANGUAGE)' 'Created-By: Translations' 'Language: de')" ]; then
        cat "$work/log" >&2
        fail "apt-get update brought no German package descriptions; $mirror_remedy"
    fi
    touch "$downloads/lists.complete"
fi

# index KIND: all stanzas of the downloaded indexes of that kind, in the order of their file names.
index() {
    apt indextargets --format '$(FILENAME)' "Created-By: $1" | sort |
        while read -r file; do
            /usr/lib/apt/apt-helper cat-file "$file"
            echo
        done
}
for kind in Translations Packages; do
    if [ ! -e "$downloads/root/$kind" ]; then
        index "$kind" >"$work/$kind"
        mv "$work/$kind" "$downloads/root/$kind"
    fi
done

packages=$(awk -F '\t' -v set="$set" '!/^#/ && ($2 == "core" || set == "full") && $6 != "-" { print $6 }' \
    "$here/sources.tsv" | tr ' ' '\n' | sort -u)
for package in $packages; do
    [ ! -e "$downloads/deb/$package" ] || continue
    echo "data/debian: fetching $package"
    (cd "$work" && apt download "$package") >"$work/log" 2>&1 || {
        cat "$work/log" >&2
        fail "apt-get could not download $package; $mirror_remedy"
    }
    dpkg-deb -x "$work/$package"_*.deb "$downloads/root"
    mv "$work/$package"_*.deb "$downloads/deb/$package"
done

mkdir -p "$work/corpus" "$(dirname "$out")"
perl -I "$here/lib" "$here/make.pl" "$here/sources.tsv" "$set" "$downloads/root" "$work/corpus"
mv -T "$work/corpus" "$out"
echo "data/debian: made $out"
