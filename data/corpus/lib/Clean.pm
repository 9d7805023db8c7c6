# Which pairs are worth learning from, and how their text is written.
package Clean;
use strict;
use warnings;
use utf8;
use Exporter 'import';
use Text qw(squeeze);
use Unicode::Normalize qw(NFC);
our @EXPORT_OK = qw(normalise fault key words);

my $most_words      = 100;
my $least_letters   = 0.6;     # letters among the characters that are not spaces
my $most_shared     = 0.8;     # words of the German side that also stand in the English one
my ($ratio, $slack) = (2, 12); # longer side <= ratio * shorter side + slack, in characters

# NFC, one kind of space, no invisible characters, no list mark in front.
sub normalise {
    my ($text) = @_;
    $text = NFC($text);
    $text =~ s/[\x{AD}\x{200B}-\x{200F}\x{2028}-\x{202E}\x{2060}\x{FEFF}]//g;
    $text = squeeze($text =~ s/[\x00-\x1F\x7F-\x9F\x{A0}\x{2000}-\x{200A}\x{202F}]/ /gr);
    return $text =~ s/^[-*+•·–] +//r;
}

sub words { return split / +/, $_[0] }

# A text's letters and numbers alone: what two texts share that differ in case, marks and spaces.
sub key { return join ' ', lc($_[0]) =~ /[\p{L}\p{M}\p{N}]+/g }

# The numbers of a text, sorted; how a language groups thousands and marks decimals is left out.
sub numbers {
    return join ' ', sort map { s/[.,]//gr } $_[0] =~ /\p{N}+(?:[.,]\p{N}+)*/g;
}

my $english = qr/\b(?:the|and|of|is|are|with|for|this|you|to|which|that|it|be|from)\b/i;
my $german  = qr/\b(?:der|die|das|und|ist|sind|mit|für|dies\w*|Sie|zu|von|ein\w*|den|dem|nicht|es|im|wird|auf)\b/i;

sub looks_like {
    my ($text, $own, $other) = @_;
    my $n_own   = () = $text =~ /$own/g;
    my $n_other = () = $text =~ /$other/g;
    return $n_other < 2 || $n_own >= $n_other;
}

sub shared_words {
    my ($en, $de) = @_;
    my %in_english = map { $_ => 1 } split / /, key($en);
    my @de = split / /, key($de);
    return @de < 4 ? 0 : grep({ $in_english{$_} } @de) / @de;
}

# In the order of their cost; each says whether a pair of normalised texts has the fault.
my @faults = (
    [ 'empty' => sub { grep { !/\p{L}{2}/ } @_ } ],
    [ 'identical' => sub { key($_[0]) eq key($_[1]) } ],
    [ 'too long' => sub { grep { words($_) > $most_words } @_ } ],
    [ 'lengths differ' => sub {
        my ($short, $long) = sort { $a <=> $b } map { length } @_;
        $long > $ratio * $short + $slack;
    } ],
    [ 'address' => sub { grep { m{://|\bwww\.|\S@\S+\.\w|\w\.(?:com|org|net|de)\b} } @_ } ],
    [ 'placeholder or code' => sub {
        grep { m/^[\w.]+\(.*\)$|%\w|\$[\w({]|\{|\}|\\|<\w|\w>|__|\[\[|::|&\w+;|\w\(\)|\x{FFFD}|\w=\w|(?:^|\s)--?\w/ } @_;
    } ],
    [ 'few letters' => sub {
        grep { length(s/\P{L}+//gr) < $least_letters * length(s/ //gr) } @_;
    } ],
    [ 'numbers differ' => sub { numbers($_[0]) ne numbers($_[1]) } ],
    [ 'not translated' => sub {
        shared_words(@_) >= $most_shared || !looks_like($_[0], $english, $german)
            || !looks_like($_[1], $german, $english);
    } ],
    [ 'ends differ' => sub {
        my ($en, $de) = map { /([?:])["”“’')]*$/ ? $1 : '' } @_;
        $en ne $de;
    } ],
);

# The name of the first fault of a pair, or undef for a good one.
sub fault {
    my ($en, $de) = @_;
    for (@faults) {
        my ($name, $has) = @$_;
        return $name if $has->($en, $de);
    }
    return undef;
}

1;
