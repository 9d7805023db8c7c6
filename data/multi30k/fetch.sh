#!/usr/bin/env bash
# Fetches Multi30k, task 1 (image captions; 29,000, 1,014 and 1,000 pairs): train, val and test2016, as
# configs/multi30k.yaml names them. Needs the open network.
#   data/multi30k/fetch.sh OUTDIR
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../corpus/common.sh"
[ $# = 1 ] || usage "$0"
out=${1%/}
start "$out" "set: $name"

url=https://raw.githubusercontent.com/multi30k/dataset/master/data/task1/raw
for part in train val test2016; do
    for language in en de; do
        download "$url/${part/test2016/test_2016_flickr}.$language.gz" "$work/file.gz"
        gzip -dc "$work/file.gz" >"$work/corpus/$part.$language"
    done
done
describe 'train val test2016' 'Multi30k (Elliott et al., 2016), for research; see https://github.com/multi30k/dataset.'
finish "$out"
