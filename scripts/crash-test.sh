#!/usr/bin/env bash
# crash-test.sh [N]: kills a small training run at N (default 20) random moments, resuming each time, and
# compares the model with that of an uninterrupted run, bit by bit. Every other kill comes at a random time;
# the others in a random call of those in `places` (tests/fault/fault.cc): in a shard's gradient, in
# validation, in the middle of a write, before an fsync, a rename, a deletion. Where they came is told.
set -eu
cd "$(dirname "$0")/.."
kills=${1:-20}
satz=${SATZ:-build/release/satz}
satz=${satz%/*}/tests/fault/satz-fault
places=(in_shard in_shard in_validation fwrite fwrite fflush fsync rename unlink memory)
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
train: {epochs: 6, average: 2}
schedule: {name: plateau}
validation: {every: 10, metric: bleu, patience: 0}
END

train() {
    exec "$satz" train --quiet --resume "$work/recipe.yaml" --set "train.folder=$work/$1"
}

(
    export SATZ_FAULT_COUNTS="$work/counts"
    train whole
)

# choose: sets `fault` to a random call of a random place, of those that a whole run has.
choose() {
    local place=${places[RANDOM % ${#places[@]}]} n
    n=$(sed -n "s/^$place //p" "$work/counts")
    fault=$place:$((1 + (RANDOM * 32768 + RANDOM) % n))!
}

# sit: one sitting of the run in "killed"; sets `ended` when it came to its end.
declare -A came=()
sit() {
    local fault= place=time status=0 pid
    if [ "$killed" -lt "$kills" ] && [ $((killed % 2)) = 0 ]; then
        choose
        place=${fault%:*}
    fi
    (
        if [ -n "$fault" ]; then export SATZ_FAULT=$fault; fi
        train killed
    ) &
    pid=$!
    if [ "$killed" -lt "$kills" ] && [ -z "$fault" ]; then
        sleep "0.$(printf %03d $((RANDOM % 400 + 20)))"
        kill -9 "$pid" 2>/dev/null || true
    fi
    wait "$pid" 2>/dev/null || status=$?
    case $status in
    0) ended=1 ;;
    137)
        killed=$((killed + 1))
        came[$place]=$((${came[$place]:-0} + 1))
        if ls "$work"/killed/*.tmp.* >/dev/null 2>&1; then halves=$((halves + 1)); fi
        ;;
    *)
        echo "crash-test: a sitting ended with status $status" >&2
        exit 1
        ;;
    esac
}

# Runs from the start, each to its end, until there were enough kills.
killed=0 runs=0 halves=0
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
echo "crash-test: $killed kills in $runs runs, each model has the same bits (sha256" \
    "$(sha256sum <"$work/whole/model.safetensors" | cut -c 1-16)...)"
for place in "${!came[@]}"; do
    printf '%15s %d\n' "$place" "${came[$place]}"
done | sort
echo "crash-test: $halves kills left half of a file behind, which the next sitting cleared away"
