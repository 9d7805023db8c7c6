# What the fetch scripts share. A script sets `here` (its folder) and sources this file.
name=data/$(basename "$here")
corpus=$here/../corpus
export LC_ALL=C.UTF-8

fail() {
    printf "$name: %s\n" "$@" >&2
    exit 1
}

# usage SCRIPT: the comment at its top, as help; status 2.
usage() {
    sed -n '2,/^[^#]/s/^# \?//p' "$1" >&2
    exit 2
}

# start OUT LINE: makes the temporary folder $work/corpus that `finish OUT` turns into OUT. Where OUT is
# there already and its manifest.txt has that LINE, all is done: the script ends.
start() {
    if [ -e "$1" ]; then
        grep -qsx "$2" "$1/manifest.txt" ||
            fail "$1 is there, but not as '$2'; remove it or name another folder"
        echo "$name: $1 is there already"
        exit 0
    fi
    mkdir -p "$(dirname "$1")"
    work=$(mktemp -d "$1.tmp.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    mkdir "$work/corpus"
}

finish() {
    mv -T "$work/corpus" "$1"
    echo "$name: made $1"
}

# make_corpus TABLE SET ROOT: the corpus of that set, from the files under ROOT.
make_corpus() {
    perl -MUnicode::Normalize -MDigest::MD5 -e 1 2>/dev/null ||
        fail "perl or its standard modules are missing; scripts/setup.sh installs them"
    perl -I "$corpus/lib" "$corpus/make.pl" "$1" "$2" "$3" "$work/corpus"
}

# download URL FILE [MD5]: prints the file's SHA-256; ends the script where the download fails.
download() {
    echo "$name: fetching $1"
    if command -v curl >/dev/null; then
        curl -fsSL --retry 2 --connect-timeout 20 -o "$2" "$1"
    elif command -v wget >/dev/null; then
        wget -q --tries=3 --timeout=20 -O "$2" "$1"
    else
        fail "this needs curl or wget; on Debian: apt-get install curl"
    fi || fail "could not fetch $1" \
        "this needs the open network; data/debian/fetch.sh needs but a Debian package mirror"
    [ -z "${3:-}" ] || echo "$3  $2" | md5sum --quiet -c - || fail "$1 is not the file it should be (MD5 $3)"
    echo "$name: SHA-256 $(sha256sum <"$2" | cut -d ' ' -f 1)"
}

# describe PARTS LINE...: the manifest and the licence note of a corpus with those fixed parts; every part must
# hold as many German lines as English ones.
describe() {
    local part parts=$1
    shift
    printf '%s\n' "$@" >"$work/corpus/LICENCES.txt"
    {
        echo "set: $name"
        for part in $parts; do
            [ "$(wc -l <"$work/corpus/$part.en")" = "$(wc -l <"$work/corpus/$part.de")" ] ||
                fail "$part.en and $part.de differ in their number of lines; the files at the source have changed"
            echo "$part: $(wc -l <"$work/corpus/$part.en") pairs"
        done
    } >"$work/corpus/manifest.txt"
    cat "$work/corpus/manifest.txt"
}
