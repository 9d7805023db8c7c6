#!/usr/bin/env bash
# page-test.sh [MODEL [FOLDER]]: the web page of `satz serve` in a real browser (chromium, driven by chromedriver):
# types text, reads the translation and its attention, by mouse and keyboard, in light and dark; nothing but the
# server may be asked for anything. MODEL is a model file (default: a small one that is trained for it); pictures of the
# page go to FOLDER.
set -eu
cd "$(dirname "$0")/.."
name=page-test
. scripts/serving.sh

# wait_for FILE EXPRESSION: what a sed expression finds in a file that is being written.
wait_for() {
    local found
    for _ in $(seq 200); do
        found=$(sed -n "$2" "$1")
        if [ -n "$found" ]; then
            echo "$found"
            return
        fi
        sleep 0.1
    done
    fail "$1: $(cat "$1")"
}

# field NAME...: that part of the JSON on standard input, as text.
field() {
    perl -MJSON::PP -e 'binmode STDOUT, ":utf8"; local $/; my $x = decode_json(<STDIN>);
        for (@ARGV) { $x = ref $x eq "ARRAY" ? $x->[$_] : $x->{$_} }
        print ref $x ? encode_json($x) : $x' "$@"
}

# ask PATH JSON: a command of the WebDriver protocol; the reply is in $work/reply.
ask() {
    curl -sS --max-time 60 -H 'Content-Type: application/json' -d "$2" "$session/$1" >"$work/reply"
    ! grep -q '"error"' "$work/reply" || fail "$1: $(cat "$work/reply")"
}

# script CODE: what the page's JavaScript returns.
script() {
    ask execute/sync "$(perl -MJSON::PP -e 'print encode_json({script => $ARGV[0], args => []})' "$1")"
    field value <"$work/reply"
}

# expect CODE VALUE: within ten seconds the JavaScript expression has that value.
expect() {
    local value
    for _ in $(seq 50); do
        value=$(script "return String($1)")
        [ "$value" != "$2" ] || return 0
        sleep 0.2
    done
    fail "$1 is \"$value\", not \"$2\""
}

# keys TEXT: types, where the focus is.
keys() {
    ask actions "$(perl -CA -MJSON::PP -e 'binmode STDOUT; print encode_json({actions => [{type => "key",
        id => "keyboard", actions => [map { ({type => "keyDown", value => $_}, {type => "keyUp", value => $_}) }
        split //, $ARGV[0]]}]})' "$1")"
}

media() {
    ask goog/cdp/execute "{\"cmd\": \"Emulation.setEmulatedMedia\", \"params\": {\"features\":
        [{\"name\": \"prefers-color-scheme\", \"value\": \"$1\"}]}}"
}

# picture NAME: of the whole window, to the folder if there is one.
picture() {
    [ -n "$folder" ] || return 0
    curl -sS --max-time 60 "$session/screenshot" | field value | base64 -d >"$folder/$1.png"
}

[ $# -gt 0 ] || made_up_model 800 2 4 10 30 32 train.epochs=6 train.batch=16 optimizer.rate=0.01
model=${1:-$work/model/model.safetensors}
folder=${2:-}
start_server "$model"
chromedriver --port=0 >"$work/driver" 2>&1 &
driver=$!
started+=("$driver")
port=$(wait_for "$work/driver" 's/.*started successfully on port \([0-9]*\)\..*/\1/p')
sandbox=
[ "$(id -u)" != 0 ] || sandbox='"--no-sandbox",'
session=http://127.0.0.1:$port/session
id=$(curl -sS --max-time 60 -H 'Content-Type: application/json' "$session" -d "{\"capabilities\": {\"alwaysMatch\": {
    \"goog:loggingPrefs\": {\"browser\": \"ALL\"}, \"goog:chromeOptions\": {\"binary\": \"$(type -P chromium)\",
    \"args\": [\"--headless=new\", $sandbox \"--disable-gpu\", \"--disable-dev-shm-usage\", \"--user-data-dir=$work/profile\",
        \"--window-size=1100,1000\"]}}}}" | tee "$work/reply" | field value sessionId) || fail "$(cat "$work/reply")"
session=$session/$id

# What the server answers, by itself: the translation of sentence $1 of the text.
text='["A man in a red shirt is riding a horse.", "Two dogs are playing in the snow."]'
[ $# -gt 0 ] || text='["a b c d", "e f"]'
curl -sS -H 'Content-Type: application/json' -d "{\"text\": $text, \"alignment\": \"weights\", \"n_best\": 5}" \
    "${page}translate" >"$work/answer"
answer() {
    field translations "$@" <"$work/answer"
}
rows() {
    answer "$1" alignment target | perl -MJSON::PP -e 'print scalar @{decode_json(<STDIN>)}'
}

ask url "{\"url\": \"$page\"}"
expect 'document.title' Satz
expect 'document.querySelector("label").textContent' English
expect 'document.getElementById("target-label").textContent' German
expect 'document.activeElement.id' source

# Typing: a line is translated when the next one is begun, and again when that stands.
keys "$(perl -MJSON::PP -e 'print join "\x{E007}", @{decode_json($ARGV[0])}' -CO "$text")"
expect 'document.querySelectorAll(".sentence").length' 2
for i in 0 1; do
    expect "document.querySelectorAll('.sentence')[$i].textContent" "$(answer "$i" translation)"
done
attention='document.getElementById("attention")'
expect "$attention.rows.length - 1" "$(rows 0)"
expect "Math.abs([...$attention.rows[1].cells].reduce((sum, cell) => sum + (parseInt(cell.textContent) || 0), 0) - 100) < 9" \
    true
expect 'document.querySelectorAll("#others li").length > 0' true

# By keyboard to the second sentence: two tabs and a space.
keys "$(printf '\uE004\uE004 ')"
expect 'document.querySelectorAll(".sentence")[1].getAttribute("aria-pressed")' true
expect 'document.querySelectorAll(".sentence")[0].getAttribute("aria-pressed")' false
expect "$attention.rows.length - 1" "$(rows 1)"

# Text that can be read: contrast of at least 4.5 to 1 everywhere, in both schemes (WCAG 2.1, 1.4.3).
contrast='
    const parse = text => { const n = text.match(/[\d.]+/g).map(Number); return [n[0], n[1], n[2], n[3] ?? 1]; };
    const over = (a, b) => [0, 1, 2].map(i => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
    const light = c => { const [r, g, b] = c.map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
    const under = e => e ? over(parse(getComputedStyle(e).backgroundColor), under(e.parentElement)) : [255, 255, 255, 1];
    const ratios = [...document.querySelectorAll("body *")].filter(e => e.offsetParent && e.tagName !== "TEXTAREA" &&
        [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())).map(e => {
        const below = under(e), ink = over(parse(getComputedStyle(e).color), below);
        const [x, y] = [light(below), light(ink)].sort((a, b) => b - a);
        return [(x + 0.05) / (y + 0.05), e.tagName + " " + e.textContent]; });
    return ratios.sort((a, b) => a[0] - b[0])[0].join(" ");'
for scheme in light dark; do
    media "$scheme"
    expect "matchMedia('(prefers-color-scheme: $scheme)').matches" true
    script 'document.querySelector(".sentence").click()' >/dev/null
    picture "$scheme"
    # Cells of every weight, whatever the model made of the text.
    script 'const all = [...Array(101).keys()]; showAttention({source: all, target: ["x"], weights: [all.map(i => i / 100)]})' \
        >/dev/null
    worst=$(script "$contrast")
    awk -v worst="$worst" 'BEGIN { exit !(worst + 0 >= 4.5) }' ||
        fail "$scheme: too little contrast: $worst"
done

# On a telephone nothing but the matrix is wider than the screen.
ask goog/cdp/execute '{"cmd": "Emulation.setDeviceMetricsOverride", "params":
    {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": true}}'
expect 'document.documentElement.scrollWidth <= 360' true
picture narrow

# An emptied text leaves nothing behind; nobody but the server was asked, and nothing was complained of.
ask goog/cdp/execute '{"cmd": "Emulation.clearDeviceMetricsOverride", "params": {}}'
script 'const s = document.getElementById("source"); s.value = ""; s.dispatchEvent(new Event("input")); s.focus()' \
    >/dev/null
expect 'document.getElementById("details").hidden' true
expect 'document.querySelectorAll(".sentence").length' 0
expect 'performance.getEntriesByType("resource").every(e => e.name.startsWith(location.origin + "/"))' true
ask se/log '{"type": "browser"}'
complaints=$(field value <"$work/reply")
[ "$complaints" = '[]' ] || fail "the browser says: $complaints"

# When the server has gone, the page says so.
stop_server
keys 'a'
expect 'document.getElementById("status").textContent' 'The server does not answer.'
curl -sS -X DELETE "$session" >/dev/null
echo "page-test: typing, keyboard, contrast, narrow screens, no outside requests: all well"
