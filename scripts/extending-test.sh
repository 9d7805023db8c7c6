#!/usr/bin/env bash
# Makes the extensions of docs/extending.md in a copy of the sources, just as it tells, and tests them: the gradient
# check over every cell and score, and a small training run with all three. A few minutes of compiling.
set -eu
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
jobs=-j$(nproc)

cp -r Makefile src eval tests scripts docs "$folder"
cd "$folder"
cp docs/extending/cell_ugrnn.simd.c docs/extending/score_distance.simd.c src/nn
cp docs/extending/optimizer_lion.simd.c src/train

# add LIST LINE: makes LINE the list's first member.
add() {
    sed -i "/^#define $1(X)/a\\    $2 \\\\" src/base/lists.h
    grep -qF "$2" src/base/lists.h
}
add CELL_LIST 'X(ugrnn, "update gate RNN (Collins 2016)")'
add SCORE_LIST 'X(distance, "-|q - k|^2 / 2")'
add OPTIMIZER_LIST 'X(lion, "Lion (Chen 2023)")'

make --no-print-directory "$jobs" WERROR=1 VARIANT=double build/double/tests/gradient/test_seq2seq
build/double/tests/gradient/test_seq2seq

make --no-print-directory "$jobs" WERROR=1 build/release/satz
for i in 1 2 3 4; do
    for word in one two three four five six; do echo "$word" "$i"; done
done >source
sed 's/one/eins/; s/two/zwei/; s/three/drei/; s/four/vier/; s/five/fünf/; s/six/sechs/' source >target
build/release/satz train -q /dev/null --set data.train_source=source --set data.train_target=target \
    --set data.valid_source=source --set data.valid_target=target --set train.folder=model \
    --set tokenizer.vocabulary=30 --set model.encoder_cell=ugrnn --set model.decoder_cell=ugrnn \
    --set model.embedding=16 --set model.encoder_hidden=16 --set model.decoder_hidden=32 \
    --set attention.score=distance --set optimizer.name=lion --set optimizer.rate=0.003 \
    --set train.batch=8 --set train.epochs=60 --set validation.patience=0
build/release/satz translate model/model.safetensors source | build/release/satz bleu -b -n 2 target >score
echo "BLEU after 60 epochs with ugrnn, distance and lion: $(cat score)"
awk '$1 < 90 { exit 1 }' score
build/release/satz train --help=bash >/dev/null
build/release/satz config --man | grep -qF 'Cm ugrnn'
