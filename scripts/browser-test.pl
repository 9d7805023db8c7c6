#!/usr/bin/perl
# Uses a page of attention in a headless Chromium, through chromedriver's WebDriver protocol (W3C), as its readers would:
# 1000 sentences within two seconds, drawn only where they are looked at; light, dark and the switch; pointer and
# keyboard; a window's box and centre; nothing loaded, no message on the console.
#   scripts/browser-test.pl [PAGE [FOLDER]]    PAGE: else one is made by build/release/satz; FOLDER: keep screenshots
# Needs chromium and chromium-driver.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Temp qw(tempdir);
use HTTP::Tiny;
use IO::Socket::INET;
use JSON::PP;
use MIME::Base64;
use Time::HiRes qw(sleep time);

use constant SECONDS => 2;    # that opening the page may take

my ($page, $shots) = @ARGV;
my $satz   = abs_path($ENV{SATZ} // 'build/release/satz');
my $folder = tempdir(CLEANUP => 1);
my ($driver, $session, $failures) = (undef, undef, 0);

sub check {
    my ($what, $fine, $found) = @_;
    print $fine ? "ok: $what\n" : "FAILED: $what" . (defined $found ? ": $found" : '') . "\n";
    $failures++ unless $fine;
}

sub run_or_die { system(@_) == 0 or die "browser-test: failed: @_\n" }

# A small model of a made-up language, and a page of its attention over 1000 sentences.
sub make_page {
    my @words = qw(one two three four five six);
    open my $source, '>', "$folder/source" or die $!;
    open my $target, '>', "$folder/target" or die $!;
    for my $i (0 .. 999) {
        my @line = map { $words[int($i / 6**$_ + $_ * $i) % 6] } 0 .. 11;
        print $source "@line\n";
        print $target join(' ', map { "${_}en" } @line), "\n";
    }
    close $source;
    close $target;
    open my $recipe, '>', "$folder/recipe" or die $!;
    print $recipe <<"END";
data:
  train_source: ["$folder/source"]
  train_target: ["$folder/target"]
  valid_source: $folder/source
  valid_target: $folder/target
tokenizer: {vocabulary: 40}
model: {embedding: 16, encoder_hidden: 16, decoder_hidden: 32}
attention: {preset: luong, window: local_p, width: 3}
train: {folder: $folder/model, epochs: 1}
END
    close $recipe;
    run_or_die($satz, 'train', '-q', "$folder/recipe");
    run_or_die("$satz attention $folder/model/model.safetensors $folder/source $folder/target "
            . "-o $folder/page.html >/dev/null");
    return "$folder/page.html";
}

# A copy whose first sentence has a window in its first row, for models that look everywhere.
sub add_window {
    my ($page) = @_;
    open my $in, '<', $page or die "browser-test: $page: $!\n";
    local $/;
    my $text = <$in>;
    $text =~ s/ data-weights=/ data-windows="2.75,1,4" data-weights=/ unless $text =~ /<section [^>]*data-windows/;
    open my $out, '>', "$folder/window.html" or die $!;
    print $out $text;
    close $out;
    return "$folder/window.html";
}

sub request {
    my ($method, $path, $body) = @_;
    my %options = (headers => {'Content-Type' => 'application/json'});
    $options{content} = encode_json($body // {}) if $method eq 'POST';
    my $answer = HTTP::Tiny->new(timeout => 60)->request($method, "$driver->{url}$path", \%options);
    my $value = eval { decode_json($answer->{content})->{value} };
    die "browser-test: $method $path: $answer->{status} $answer->{content}\n" unless $answer->{success};
    return $value;
}

sub start_browser {
    my $port = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1')->sockport;
    $driver = {url => "http://127.0.0.1:$port", pid => fork()};
    if (!$driver->{pid}) {
        open STDOUT, '>', "$folder/driver.log";
        open STDERR, '>&', \*STDOUT;
        exec 'chromedriver', "--port=$port" or exit 127;
    }
    for (1 .. 100) {
        last if HTTP::Tiny->new(timeout => 2)->get("$driver->{url}/status")->{success};
        sleep 0.1;
    }
    my @arguments = ('--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
        '--window-size=1100,900', "--user-data-dir=$folder/profile");
    my $answer = request('POST', '/session', {capabilities => {alwaysMatch => {
        browserName => 'chrome', 'goog:loggingPrefs' => {browser => 'ALL'},
        'goog:chromeOptions' => {args => \@arguments}}}});
    $session = "/session/$answer->{sessionId}";
}

sub stop_browser {
    eval { request('DELETE', $session) } if $session;
    if ($driver && $driver->{pid}) {
        kill 'TERM', $driver->{pid};
        waitpid $driver->{pid}, 0;
    }
}
END { my $status = $?; stop_browser(); $? = $status }

sub script { return request('POST', "$session/execute/sync", {script => $_[0], args => []}) }

sub screenshot {
    my ($name) = @_;
    return unless $shots;
    mkdir $shots;
    open my $out, '>:raw', "$shots/$name.png" or die "browser-test: $shots/$name.png: $!\n";
    print $out decode_base64(request('GET', "$session/screenshot"));
}

sub open_page {
    my ($path) = @_;
    my $start = time;
    request('POST', "$session/url", {url => 'file://' . abs_path($path)});
    return time - $start;
}

sub prefer {
    request('POST', "$session/goog/cdp/execute", {cmd => 'Emulation.setEmulatedMedia',
        params => {features => [{name => 'prefers-color-scheme', value => $_[0]}]}});
}

sub background { return script('return getComputedStyle(document.body).backgroundColor') }

# Presses keys, or moves and clicks on what a selector finds.
sub press {
    request('POST', "$session/actions", {actions => [{type => 'key', id => 'keys', actions => [
        map { ({type => 'keyDown', value => $_}, {type => 'keyUp', value => $_}) } @_]}]});
}

sub point {
    my ($selector, $click) = @_;
    my $element = request('POST', "$session/element", {using => 'css selector', value => $selector});
    my @press = $click ? ({type => 'pointerDown', button => 0}, {type => 'pointerUp', button => 0}) : ();
    request('POST', "$session/actions", {actions => [{type => 'pointer', id => 'mouse', actions => [
        {type => 'pointerMove', duration => 0, origin => $element, x => 0, y => 0}, @press]}]});
}

my %key = (tab => "\x{E004}", enter => "\x{E007}", escape => "\x{E00C}", right => "\x{E014}", end => "\x{E010}");
my $painted = q{return document.querySelectorAll('#s1 .source b[style*="color-mix"]').length};
my $reading = q{return document.querySelector('#s1 .reading').textContent.trim()};
my $drawn   = q{return document.querySelectorAll('section[data-drawn]').length};

$page = make_page() unless length($page // '');
start_browser();
open_page($page);    # once to warm the browser's own start
my $seconds = open_page($page);
my $shown = script(q{return performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? -1});
my $loaded = script(q{return performance.getEntriesByType('navigation')[0].loadEventEnd});
my $sections = script(q{return document.querySelectorAll('section').length});
printf "%d sentences, %d bytes: open in %.2f s (loaded after %.0f ms, first paint after %.0f ms)\n",
    $sections, -s $page, $seconds, $loaded, $shown;
check("opens within @{[SECONDS]} s", $seconds < SECONDS, $seconds);
check('the first sentence is drawn', script(q{return !!document.querySelector('#s1 table')}));
check('only what is near is drawn', script($drawn) < $sections / 10 + 10, script($drawn));
check('nothing is loaded', script(q{return performance.getEntriesByType('resource').length}) == 0);

my $last = script(q{return document.querySelector('section:last-of-type').id});
script(qq{const jump = document.getElementById('jump'); jump.value = '@{[substr $last, 1]}'; jump.onchange()});
sleep 0.5;
check('the last sentence is drawn when it is gone to', script(qq{return !!document.querySelector('#$last table')}));
check('what lies between is not', script($drawn) < $sections / 5 + 20, script($drawn));
script('scrollTo(0, 0)');

for my $scheme ('light', 'dark') {
    prefer($scheme);
    my $expected = $scheme eq 'light' ? 'rgb(255, 255, 255)' : 'rgb(22, 22, 26)';
    check("the page is $scheme where the system is", background() eq $expected, background());
    screenshot($scheme);
}
point('#theme', 1);
check('the switch makes it light', background() eq 'rgb(255, 255, 255)', background());
open_page($page);
check('which lasts', background() eq 'rgb(255, 255, 255)', background());
point('#theme', 1);
check('and dark again', background() eq 'rgb(22, 22, 26)', background());

check('no word is marked at first', script($painted) == 0, script($painted));
point('#s1 .target b:nth-of-type(2)');
check('resting on a word shows what it looks at', script($painted) > 0 && script($reading) =~ /\x{2190} .* [01][.]\d\d/,
    script($reading));
point('#s1 h2');
check('and only while it rests there', script($painted) == 0 && script($reading) eq '');
point('#s1 tbody tr:nth-child(3) td:nth-child(4)');
check('resting on a cell shows its weight', script($reading) =~ /\x{2190} .*: [01][.]\d\d$/, script($reading));
point('#s1 .target b:nth-of-type(2)', 1);
point('#s1 h2');
check('a click keeps it', script($painted) > 0
        && script(q{return document.querySelectorAll('#s1 [aria-pressed=true]').length}) == 1);
check('in the matrix as well',
    script(q{return document.querySelectorAll('#s1 tr.chosen').length}) == 1);
screenshot('chosen');
point('#s1 .target b:nth-of-type(2)', 1);
point('#s1 h2');
check('a second click ends it', script($painted) == 0);

script(q{document.getElementById('jump').focus()});
press($key{tab});
my $place = q{return [...document.querySelectorAll('#s1 .target b')].indexOf(document.activeElement)};
check('Tab goes to the first word', script($place) == 0, script($place));
press($key{right}, $key{right});
check('arrows move on', script($place) == 2 && script($painted) > 0, script($place));
press($key{enter});
check('Enter chooses', script(q{return document.activeElement.getAttribute('aria-pressed')}) eq 'true');
press($key{escape});
check('Escape ends it', script(q{return document.activeElement.getAttribute('aria-pressed')}) eq 'false');
press($key{end});
check('End goes to the last word', script($place) == script(q{return document.querySelectorAll('#s1 .target b').length}) - 1);
press($key{tab});
check('Tab goes on to the next sentence',
    script(q{return document.activeElement.closest('section')?.id}) ne 's1');

open_page(add_window($page));
prefer('light');
my $boxes = script(q{return [...document.querySelectorAll('#s1 tbody tr:first-child td')].map(
    (td, i) => td.classList.contains('seen') ? i : -1).filter(i => i >= 0)});
check('a window has a box and a centre', @$boxes > 0 && script(q{return !!document.querySelector('#s1 td i')}));
check('and is explained', script(q{return !document.getElementById('legend').hidden}));
screenshot('window');

my @messages = grep { $_->{level} ne 'INFO' } @{request('POST', "$session/se/log", {type => 'browser'})};
check('the console is silent', !@messages, join '; ', map { $_->{message} } @messages);
print $failures ? "browser-test: $failures checks failed\n" : "browser-test: all is well\n";
exit($failures ? 1 : 0);
