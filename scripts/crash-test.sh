#!/usr/bin/env bash
# crash-test.sh [N]: kills a small training run at N (default 10) random moments, resuming each time, and
# compares the model with that of an uninterrupted run, bit by bit.
set -eu
cd "$(dirname "$0")/.."
kills=${1:-10}
satz=${SATZ:-build/release/satz}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A made-up language: a sentence's translation is its words in reverse.
awk -v folder="$work" 'BEGIN { srand(7)
    for (i = 0; i < 1200; i++) {
        source = target = ""
        for (k = 3 + int(rand() * 8); k > 0; k--) {
            word = "w" int(rand() * 40)
            source = source word " "
            target = " " word target
        }
        print source > (folder "/train.en")
        print target > (folder "/train.de")
    } }'
head -60 "$work/train.en" >"$work/dev.en"
head -60 "$work/train.de" >"$work/dev.de"
cat >"$work/recipe.yaml" <<END
data:
  train_source: $work/train.en
  train_target: $work/train.de
  valid_source: $work/dev.en
  valid_target: $work/dev.de
  cache: $work/cache
tokenizer: {vocabulary: 46}
model: {embedding: 32, encoder_hidden: 32, decoder_hidden: 64}
dropout: {readout: 0.2}
train: {epochs: 8, average: 2}
schedule: {name: plateau}
validation: {every: 10, metric: bleu, patience: 0}
END

train() {
    exec "$satz" train --quiet --resume "$work/recipe.yaml" --set "train.folder=$work/$1"
}

(train whole)

# sit: one sitting of the run in "killed"; sets `ended` when it came to its end.
sit() {
    (train killed) &
    local pid=$! status=0
    if [ "$killed" -lt "$kills" ]; then
        sleep "0.$((RANDOM % 600 + 150))"
        kill -9 "$pid" 2>/dev/null || true
    fi
    wait "$pid" 2>/dev/null || status=$?
    case $status in
    0) ended=1 ;;
    137) killed=$((killed + 1)) ;;
    *)
        echo "crash-test: a sitting ended with status $status" >&2
        exit 1
        ;;
    esac
}

# Runs from the start, each to its end, until there were enough kills.
killed=0 runs=0
while [ "$killed" -lt "$kills" ] || [ "$runs" = 0 ]; do
    rm -rf "$work/killed"
    ended=0
    while [ "$ended" = 0 ]; do
        sit
    done
    runs=$((runs + 1))
    if ! cmp "$work/whole/model.safetensors" "$work/killed/model.safetensors"; then
        echo "crash-test: after $killed kills the model differs" >&2
        exit 1
    fi
    if ls "$work"/killed/*.tmp.* >/dev/null 2>&1; then
        echo "crash-test: halves of files are left" >&2
        exit 1
    fi
done
echo "crash-test: $killed kills in $runs runs, each model has the same bits"
