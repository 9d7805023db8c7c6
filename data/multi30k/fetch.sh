#!/usr/bin/env bash
# Fetches Multi30k, task 1 (image captions; 29,000, 1,014 and 1,000 pairs): train, dev (its validation set)
# and test (its test set of 2016). Needs the open network.
#   data/multi30k/fetch.sh OUTDIR
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../corpus/common.sh"
[ $# = 1 ] || usage "$0"
out=${1%/}
start "$out" "set: $name"

url=https://raw.githubusercontent.com/multi30k/dataset/master/data/task1/raw
for part in train:train dev:val test:test_2016_flickr; do
    for language in en de; do
        download "$url/${part#*:}.$language.gz" "$work/file.gz"
        gzip -dc "$work/file.gz" >"$work/corpus/${part%:*}.$language"
    done
done
describe 'Multi30k (Elliott et al., 2016), for research; see https://github.com/multi30k/dataset.'
finish "$out"
