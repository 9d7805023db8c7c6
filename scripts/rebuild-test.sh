#!/usr/bin/env bash
# Builds a clone of this checkout at another path and trains the same recipe with both programs, elsewhere, with
# other threads, time zone and home: the models must be the same bytes.
set -eu
cd "$(dirname "$0")/.."
here=$PWD
make --no-print-directory -j"$(nproc)" build/release/satz
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
git clone -q . "$place/another clone of satz"
make --no-print-directory -C "$place/another clone of satz" -j"$(nproc)" build/release/satz

mkdir -p "$place/a" "$place/b/deeper"
for i in $(seq 200); do
    echo "w$((i % 7)) w$((i * 3 % 11)) w$((i * 5 % 13))"
done >"$place/a/source"
tr w W <"$place/a/source" >"$place/a/target"
cat >"$place/a/recipe" <<'END'
data: {train_source: source, train_target: target, valid_source: source, valid_target: target}
tokenizer: {vocabulary: 26, type: word}
model: {embedding: 8, encoder_hidden: 8, decoder_hidden: 16}
train: {folder: model, batch: 16, epochs: 3}
END
cp "$place"/a/* "$place/b/deeper"
(cd "$place/a" && "$here/build/release/satz" train -q recipe --set train.threads=1)
(cd "$place/b/deeper" && TZ=Asia/Tokyo HOME=/nowhere LANG=C.UTF-8 \
    "$place/another clone of satz/build/release/satz" train -q recipe --set train.threads=5)
cmp "$place/a/model/model.safetensors" "$place/b/deeper/model/model.safetensors"
echo "rebuild-test: the same bytes"
