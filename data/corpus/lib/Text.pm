# What the readers share: files, markup, sentences.
package Text;
use strict;
use warnings;
use utf8;
use Exporter 'import';
our @EXPORT_OK = qw(slurp strip_markup squeeze pair_sentences pair_sections);

# The whole of a UTF-8 file.
sub slurp {
    my ($file) = @_;
    open my $in, '<:encoding(UTF-8)', $file or die "$file: $!\n";
    local $/;
    return scalar <$in>;
}

# White space of any kind and length becomes one space; none at the ends.
sub squeeze {
    my ($text) = @_;
    $text =~ s/\s+/ /g;
    return $text =~ s/^ | $//gr;
}

my %entity = (
    amp => '&', lt => '<', gt => '>', quot => '"', apos => "'", nbsp => ' ', hellip => '…',
    ndash => '–', mdash => '—', auml => 'ä', ouml => 'ö', uuml => 'ü', Auml => 'Ä', Ouml => 'Ö',
    Uuml => 'Ü', szlig => 'ß', copy => '©', times => '×', ldquo => '“', rdquo => '”', lsquo => '‘',
    rsquo => '’', bdquo => '„', eacute => 'é',
);

# HTML or XML without its tags and entities.
sub strip_markup {
    my ($text) = @_;
    $text =~ s/<br[^>]*>/ /g;
    $text =~ s/<[^>]*>//g;
    $text =~ s/&#x([0-9a-fA-F]+);/chr hex $1/ge;
    $text =~ s/&#([0-9]+);/chr $1/ge;
    $text =~ s/&(\w+);/$entity{$1} \/\/ "&$1;"/ge;
    return squeeze($text);
}

# No sentence ends at the full stop of these, of a single letter or of a number (German ordinals).
my $abbreviation = qr/\b(?:e\.g|i\.e|z\. ?B|d\. ?h|u\. ?a|o\. ?ä|bzw|etc|usw|vs|ca|vgl|evtl|ggf|inkl|Nr|No|Dr|Mr|Mrs|Ms|
    St|Prof|approx|resp|sog|bspw|engl|dt|Abb|Fig|Vol|incl|\p{L}|\p{N}+)\.$/x;

sub sentences {
    my ($text) = @_;
    my @sentences = ('');
    for my $piece (split /(?<=[.!?]) +(?=["'„“»(]?[\p{Lu}\p{N}])|(?<=[.!?]["'“”«)]) +(?=["'„“»(]?\p{Lu})/, $text) {
        my $open = $sentences[-1] eq '' || $sentences[-1] =~ $abbreviation;
        if ($open) { $sentences[-1] = squeeze("$sentences[-1] $piece") }
        else       { push @sentences, $piece }
    }
    return @sentences;
}

# The [en, de] pairs of a paragraph: sentence by sentence where both sides hold the same number of them,
# or else as a whole where it is short enough to be one training example.
my $longest_whole = 50;

sub pair_sentences {
    my ($en, $de) = map { squeeze($_) } @_;
    my @en = sentences($en);
    my @de = sentences($de);
    return map { [ $en[$_], $de[$_] ] } 0 .. $#en if @en == @de;
    return split(/ /, $en) <= $longest_whole ? [ $en, $de ] : ();
}

# The [en, de] texts of two documents, given as lists of sections, which are lists of [kind, text]: the n-th
# section belongs to the n-th, and where both hold texts of the same kinds in the same order, these belong
# together. Documents whose sections differ in number are in different versions; nothing is taken.
sub pair_sections {
    my ($en, $de) = @_;
    return if @$en != @$de;
    my @pairs;
    for my $i (0 .. $#$en) {
        my ($kinds_en, $kinds_de) = map { join ' ', map { $_->[0] } @$_ } $en->[$i], $de->[$i];
        next if $kinds_en ne $kinds_de;
        push @pairs, map { [ $en->[$i][$_][1], $de->[$i][$_][1] ] } 0 .. $#{ $en->[$i] };
    }
    return @pairs;
}

1;
