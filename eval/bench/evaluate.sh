#!/usr/bin/env bash
# The evaluator's speed beside sacreBLEU's, in one run, metric by metric:
#
#   eval/bench/evaluate.sh REF HYP [REPEATS]
#
# Both texts are taken REPEATS times (default 10). SACREBLEU names the program (default: sacrebleu); without
# it only Satz is timed. Figures are seconds of processor time, reading included, on one thread.
set -eu
satz=$(dirname "$0")/../../build/release/satz
ref=$1 hyp=$2 repeats=${3:-10}
peer=${SACREBLEU:-$(command -v sacrebleu || true)}
export OMP_NUM_THREADS=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for _ in $(seq "$repeats"); do
    cat "$ref" >&3
    cat "$hyp" >&4
done 3>"$work/ref" 4>"$work/hyp"

# seconds COMMAND...: processor time; what it prints goes to standard error.
seconds() {
    local TIMEFORMAT='%U %S'
    { time "$@" >"$work/output" 2>&1; } 2>"$work/time"
    tail -n 1 "$work/output" >&2
    awk '{ print $1 + $2 }' "$work/time"
}

echo "$(wc -l <"$work/ref") lines"
printf '| metric | Satz | sacreBLEU | ratio |\n|---|---:|---:|---:|\n'
while IFS=';' read -r name ours theirs; do
    s=$(seconds "$satz" $ours -b "$work/ref" "$work/hyp")
    p=-
    [ -z "$peer" ] || p=$(seconds $peer "$work/ref" -i "$work/hyp" $theirs -b)
    awk -v n="$name" -v s="$s" -v p="$p" 'BEGIN { printf "| %s | %.2f | %s | %s |\n", n, s, p, p == "-" ? p : sprintf("%.0f", p / s) }'
done <<'ROWS'
BLEU;bleu;-m bleu
chrF;chrf;-m chrf
chrF++;chrf --word-order 2;-m chrf --chrf-word-order 2
TER;ter;-m ter
ROWS
