#!/usr/bin/env bash
# load-test.sh SECONDS [MODEL FILE]: 64 clients have the lines of FILE translated by `satz serve` for that long, a line
# a request. Fails if a request does, if an answer is not what `satz translate` makes of the line, if memory grows once
# the largest batches and a quarter of the load are through, or if the server is less than 0.8 times as fast as
# `satz translate`, of which one run before and one after is timed. Without MODEL and FILE it makes some.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:?seconds of load}
name=load-test
. scripts/serving.sh
load=$(dirname "$satz")/tests/serve/load
clients=()

resident() {
    curl -sS "${page}metrics" | sed -n 's/^process_resident_memory_bytes //p'
}

# Lines a second of `satz translate`.
translate() {
    local start end
    start=$(date +%s.%N)
    "$satz" translate --quiet "$model" "$file" >"$work/expected"
    end=$(date +%s.%N)
    awk -v a="$start" -v b="$end" -v n="$(wc -l <"$file")" 'BEGIN { printf "%.1f\n", n / (b - a) }'
}

if [ $# -gt 1 ]; then
    model=$2 file=$3
else
    # Sentences as long as real ones, a network of a real one's size, hardly trained.
    made_up_model 2000 5 16 400 300 256 train.epochs=1 train.batch=64 validation.metric=perplexity
    model=$work/model/model.safetensors file=$work/lines
    head -200 "$work/train.en" >"$file" # it ends few sentences, so they are long ones
fi
before=$(translate)
start_server "$model"
port=${page##*:}

# Each thread keeps the memory of its largest batch, so they get that first.
awk '{ print length "\t" $0 }' "$file" | sort -rn | cut -f 2 | head -256 |
    perl -MJSON::PP -e 'chomp(my @lines = <STDIN>); print JSON::PP->new->encode({text => \@lines})' >"$work/largest"
for _ in 1 2 3; do
    curl -sS -H 'Content-Type: application/json' -d "@$work/largest" -o /dev/null -w '' "${page}translate" &
    clients+=($!)
done
wait "${clients[@]}"
"$load" "${port%/}" 64 $(((seconds + 3) / 4)) "$file" "$work/expected" || fail "a request failed"
early=$(resident)
"$load" "${port%/}" 64 "$seconds" "$file" "$work/expected" | tee "$work/figures" || fail "a request failed"
grep -q ' failed 0 wrong 0 ' "$work/figures" || fail "a request failed"
late=$(resident)
processor=$(awk '{ print ($14 + $15) / 100 }' "/proc/$server/stat")
stop_server
after=$(translate)
served=$(sed 's/.*per_second \([0-9.]*\).*/\1/' "$work/figures")
echo "lines a second: satz translate $before before and $after after, satz serve $served"
echo "memory: $early bytes after the first quarter, $late at the end; $processor seconds of processor time"
awk -v a="$before" -v b="$after" -v s="$served" 'BEGIN { exit !(s >= 0.8 * (a + b) / 2) }' || fail "the server is too slow"
awk -v a="$early" -v b="$late" 'BEGIN { exit !(b <= 1.03 * a) }' || fail "memory grows"
