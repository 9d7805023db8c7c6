#!/usr/bin/env bash
# Fetches news of the WMT shared tasks: train (News Commentary v16, cleaned), dev (newstest2013) and test
# (newstest2014). Needs the open network.
#   data/wmt/fetch.sh OUTDIR
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../corpus/common.sh"
[ $# = 1 ] || usage "$0"
out=${1%/}
start "$out" "set: $name"

download https://data.statmt.org/news-commentary/v16/training/news-commentary-v16.de-en.tsv.gz "$work/train.gz"
gzip -dc "$work/train.gz" | tee >(cut -f 1 >"$work/news.de") | cut -f 2 >"$work/news.en"
make_corpus "$here/sources.tsv" core "$work"

# The MD5 sums are those sacreBLEU gives for the same files.
download http://statmt.org/wmt13/test.tgz "$work/dev.tgz" 48eca5d02f637af44e85186847141f67
download http://statmt.org/wmt14/test-full.tgz "$work/test.tgz" a8cd784e006feb32ac6f3d9ec7eb389a

# segments ARCHIVE MEMBER: the text of an SGML file's segments, one a line.
segments() {
    tar -xzOf "$work/$1" "$2" | perl -CS -Mutf8 -I "$corpus/lib" -MText=strip_markup -0777 -ne \
        'print strip_markup($1), "\n" while m{<seg[^>]*>(.*?)</seg>}gs'
}
segments dev.tgz test/newstest2013-src.en.sgm >"$work/corpus/dev.en"
segments dev.tgz test/newstest2013-src.de.sgm >"$work/corpus/dev.de"
segments test.tgz test-full/newstest2014-deen-src.en.sgm >"$work/corpus/test.en"
segments test.tgz test-full/newstest2014-deen-ref.de.sgm >"$work/corpus/test.de"
rm "$work"/corpus/{dev,test}.source
describe 'train dev test' 'The data of the WMT shared tasks, for research; see https://www.statmt.org/wmt14/.'
finish "$out"
