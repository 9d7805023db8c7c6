#!/usr/bin/env bash
# Fetches the English-German sentence pairs of Tatoeba as OPUS gives them, cleans and divides them; all
# translations of a sentence are in one part. Needs the open network.
#   data/tatoeba/fetch.sh OUTDIR
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../corpus/common.sh"
[ $# = 1 ] || usage "$0"
out=${1%/}
start "$out" 'set: core'

download https://object.pouta.csc.fi/OPUS-Tatoeba/v2023-04-12/moses/de-en.txt.zip "$work/tatoeba.zip"
for language in en de; do
    perl -MIO::Uncompress::Unzip=unzip,\$UnzipError -e \
        'unzip($ARGV[0] => $ARGV[1], Name => $ARGV[2]) or die "$ARGV[2]: $UnzipError\n"' \
        "$work/tatoeba.zip" "$work/tatoeba.$language" "Tatoeba.de-en.$language"
done
make_corpus "$here/sources.tsv" core "$work"
finish "$out"
