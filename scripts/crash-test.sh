#!/usr/bin/env bash
# crash-test.sh N: kills a small training run at N random moments, resuming each time, and compares the
# model with that of an uninterrupted run, bit by bit.
set -eu
cd "$(dirname "$0")/.."
kills=${1:-10}
satz=build/release/satz
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A made-up language: a sentence's translation is its words in reverse.
export WORK="$work"
awk -v seed=7 'BEGIN { srand(seed)
    for (i = 0; i < 1500; i++) {
        n = 3 + int(rand() * 8); s = t = ""
        for (k = 0; k < n; k++) { w = "w" int(rand() * 40); s = s " " w; t = w " " t }
        print substr(s, 2) > (ENVIRON["WORK"] "/train.en"); sub(/ $/, "", t); print t > (ENVIRON["WORK"] "/train.de")
    } }'
head -100 "$work/train.en" >"$work/dev.en"
head -100 "$work/train.de" >"$work/dev.de"

train() {
    "$satz" train --quiet --set "data.train_source=$work/train.en" \
        --set "data.train_target=$work/train.de" --set "data.valid_source=$work/dev.en" \
        --set "data.valid_target=$work/dev.de" --set tokenizer.vocabulary=100 \
        --set model.embedding=32 --set model.encoder_hidden=32 --set model.decoder_hidden=64 \
        --set dropout.readout=0.2 --set train.epochs=6 --set validation.every=20 \
        --set "data.cache=$work/cache" --set "train.folder=$1" --resume "$work/recipe.yaml"
}

echo '{}' >"$work/recipe.yaml"
train "$work/whole"
expected=$(sha256sum <"$work/whole/model.safetensors")
killed=0
while :; do
    train "$work/killed" &
    pid=$!
    if [ "$killed" -lt "$kills" ]; then
        sleep "0.$((RANDOM % 90 + 10))"
        kill -9 "$pid" 2>/dev/null && killed=$((killed + 1))
    fi
    if wait "$pid" 2>/dev/null; then
        break
    fi
done
got=$(sha256sum <"$work/killed/model.safetensors")
[ "$expected" = "$got" ] || { echo "crash-test: after $killed kills the model differs"; exit 1; }
echo "crash-test: $killed kills, the model has the same bits"
