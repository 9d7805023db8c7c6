#!/usr/bin/env bash
# Training speed beside a PyTorch program, in one run, alternating:
#
#   MULTI30K=DIR eval/bench/train.sh PEER.py [UPDATES] [ROUNDS]
#
# PEER.py takes `train --data DIR --model DIR --attn bahdanau|luong --threads N --max-updates N` and prints
# "target-tok/s N" lines. Figures are target tokens a second, padding not counted, the first 20 updates
# left out on both sides.
set -eu
cd "$(dirname "$0")/../.."
: "${MULTI30K:?set it to the folder with train.en, train.de, val.en, val.de}"
peer=$1 updates=${2:-60} rounds=${3:-3}
satz=build/release/satz
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# PyTorch as quick as it gets on a CPU: one OpenMP, memory kept rather than given back, and OpenBLAS told of
# AVX-512 where it is too old to know the processor and would take kernels of 2004.
grep -q avx512vl /proc/cpuinfo && export OPENBLAS_CORETYPE=${OPENBLAS_CORETYPE:-SkylakeX}
export LD_LIBRARY_PATH=/usr/lib/x86_64-linux-gnu/openblas-openmp ATEN_CPU_CAPABILITY=avx512
export MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TRIM_THRESHOLD_=4294967296 MALLOC_TOP_PAD_=268435456

ours() { # ATTENTION THREADS
    local feeding=()
    [ "$1" = luong ] && feeding=(--set attention.feeding=false)
    rm -rf "$work/ours"
    env -u LD_LIBRARY_PATH "$satz" train eval/bench/peer.yaml --quiet --set "train.folder=$work/ours" \
        --set "data.cache=$work/cache" --set "attention.preset=$1" "${feeding[@]}" \
        --set "train.threads=$2" --set "train.shards=$2" --set "train.updates=$updates" \
        --set train.log_every=20 --set validation.every=1000000 >/dev/null
    awk -F'[:,}]' '/"update", "update"/ { if (n++) { for (i = 1; i < NF; i++) if ($i ~ /tokens_per_second/) { s += $(i + 1); k++ } } }
        END { printf "%.0f", s / k }' "$work/ours/log.jsonl"
}

theirs() { # ATTENTION THREADS FLAGS
    OMP_NUM_THREADS=$2 /usr/bin/python3 "$peer" train --data "$MULTI30K" --model "$work/theirs" \
        --attn "$1" --threads "$2" --max-updates "$updates" --log-every 20 ${3:-} |
        awk '/^epoch/ { if (n++) { for (i = 1; i < NF; i++) if ($i == "target-tok/s") { s += $(i + 1); k++ } } }
        END { printf "%.0f", s / k }'
}

printf '%-10s %7s %5s %10s %10s %7s\n' attention threads round ours PyTorch ratio
for attention in bahdanau luong; do
    for threads in 1 2; do
        for round in $(seq "$rounds"); do
            a=$(ours "$attention" "$threads")
            b=$(theirs "$attention" "$threads")
            printf '%-10s %7s %5s %10s %10s %7s\n' "$attention" "$threads" "$round" "$a" "$b" \
                "$(awk -v a="$a" -v b="$b" 'BEGIN { printf "%.2f", a / b }')"
        done
    done
done
