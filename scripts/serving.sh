# serving.sh -- for scripts that test `satz serve`, which source it from the project's root with `name` set to what
# messages call them: a folder $work that is removed at the end, the program $satz, a made-up model, a server.
satz=${SATZ:-build/release/satz}
work=$(mktemp -d)
started=() # processes that are ended with the script
trap 'for p in "${started[@]}"; do kill "$p" 2>/dev/null || :; done; wait; rm -rf "$work"' EXIT

fail() {
    echo "$name: $*" >&2
    exit 1
}

# made_up_model LINES LEAST SPREAD WORDS VOCABULARY SIZE SETTING...: trains $work/model/model.safetensors on a language
# whose translations are the sentence in capitals, LEAST to LEAST + SPREAD - 1 of WORDS words; the text is
# $work/train.en and $work/train.de.
made_up_model() {
    awk -v folder="$work" -v lines="$1" -v least="$2" -v spread="$3" -v words="$4" 'BEGIN { srand(7)
        for (i = 0; i < lines; i++) {
            line = ""
            for (k = least + int(rand() * spread); k > 0; k--) {
                word = int(rand() * words)
                line = line (words > 26 ? "w" word : substr("abcdefghijklmnopqrstuvwxyz", word + 1, 1)) (k > 1 ? " " : "")
            }
            print line > (folder "/train.en")
            print toupper(line) > (folder "/train.de")
        } }'
    local vocabulary=$5 size=$6 settings=() s
    for s in "${@:7}"; do settings+=(--set "$s"); done
    "$satz" train --quiet /dev/stdin "${settings[@]}" <<END
data:
  train_source: $work/train.en
  train_target: $work/train.de
  valid_source: $work/train.en
  valid_target: $work/train.de
tokenizer: {vocabulary: $vocabulary}
model: {embedding: $size, encoder_hidden: $size, decoder_hidden: $((2 * size))}
train: {folder: $work/model}
END
}

# start_server MODEL: sets $server, its process, and $page, its address.
start_server() {
    "$satz" serve --port 0 "$1" >"$work/address" &
    server=$!
    started+=("$server")
    until [ -s "$work/address" ]; do
        kill -0 "$server" 2>/dev/null || fail "the server did not start"
        sleep 0.1
    done
    page=$(sed 's/^listening on //' "$work/address")
}

# It must end well.
stop_server() {
    kill "$server"
    wait "$server" || fail "the server ended with status $?"
}
