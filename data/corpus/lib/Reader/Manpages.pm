# Manual pages: the German ones are made from the English ones' paragraphs, so the macros that part texts
# stand in the same order. The group of a pair is its page.
package Reader::Manpages;
use strict;
use warnings;
use utf8;
use Encode qw(decode);
use File::Find;
use IO::Uncompress::Gunzip qw(gunzip $GunzipError);
use Text qw(squeeze pair_sentences pair_sections);

sub read {
    my ($root, $emit) = @_;
    my $man = "$root/usr/share/man";
    my @pages;
    find({ no_chdir => 1, wanted => sub { push @pages, $1 if m{^\Q$man\E/de/(man\d/.*\.gz)$} } }, "$man/de");
    for my $page (sort @pages) {
        next if !-f "$man/$page" || -l "$man/de/$page";
        my @sections = map { [ sections(page("$man/$_")) ] } $page, "de/$page";
        $emit->($page, @$_) for map { pair_sentences(@$_) } pair_sections(@sections);
    }
}

sub page {
    my ($file) = @_;
    gunzip($file => \my $bytes) or die "$file: $GunzipError\n";
    return decode('UTF-8', $bytes) =~ s/^\.SH ÜBERSETZUNG.*//msr;    # who translated it
}

my %begins_text = map { $_ => 1 } qw(PP P LP TP TQ IP HP RS RE);
my %begins_verbatim = map { $_ => 1 } qw(nf EX TS);
my %ends_verbatim   = map { $_ => 1 } qw(fi EE TE);

# A page's sections, each a list of [macro, text].
sub sections {
    my ($page) = @_;
    my @sections = ([]);
    my ($verbatim, $tag_next) = (0, 0);
    $page =~ s/\\\n//g;
    for my $line (split /\n/, $page) {
        if ($line =~ /^[.'][ \t]*(\w*)[ \t]*(.*)/) {
            my ($macro, $rest) = ($1, $2);
            if    ($ends_verbatim{$macro})   { $verbatim = 0 }
            elsif ($begins_verbatim{$macro}) { $verbatim = 1 }
            next if $verbatim;
            if ($macro eq 'SH' || $macro eq 'SS') { push @sections, [ [ $macro, '' ] ] }
            elsif ($begins_text{$macro} || $begins_verbatim{$macro} || $ends_verbatim{$macro}) {
                push @{ $sections[-1] }, [ $macro, '' ];
                $tag_next = $macro eq 'TP' || $macro eq 'TQ';
                next;
            }
            $line = font($macro, $rest) // next;
        }
        next if $verbatim || !@{ $sections[-1] };
        # The first line after .TP is the paragraph's tag, an option or a name: nothing to translate.
        if ($tag_next) { push @{ $sections[-1] }, [ 'body', '' ] }
        else           { $sections[-1][-1][1] .= " $line" }
        $tag_next = 0;
    }
    for my $text (map { @$_ } @sections) { $text->[1] = plain($text->[1]) }
    return @sections;
}

# The text of a font macro's arguments, or undef for another macro.
sub font {
    my ($macro, $rest) = @_;
    my @words = map { s/^"|"$//gr } $rest =~ /"[^"]*"|\S+/g;
    return join ' ', @words if $macro =~ /^(?:B|I|SM|SB)$/;
    return join '',  @words if $macro =~ /^(?:BR|RB|BI|IB|IR|RI)$/;
    return undef;
}

my %character = (
    'aq' => "'", 'dq' => '"', 'lq' => '“', 'rq' => '”', 'oq' => '‘', 'cq' => '’', 'Bq' => '„', 'Fo' => '«',
    'Fc' => '»', 'em' => '—', 'en' => '–', 'bu' => '•', 'co' => '©', 'ha' => '^', 'ti' => '~', 'mu' => '×',
    '->' => '→', '+-' => '±', '<=' => '≤', '>=' => '≥', 'ga' => '`', 'rs' => '\\', 'mc' => 'µ', ':a' => 'ä',
    ':o' => 'ö', ':u' => 'ü', ':A' => 'Ä', ':O' => 'Ö', ':U' => 'Ü', 'ss' => 'ß',
);

# A text without roff's escapes.
sub plain {
    my ($text) = @_;
    $text =~ s/\\".*?(?= |$)//g;
    $text =~ s/\\f(?:\[\w*\]|\(\w\w|\w)|\\s[-+]?\d|\\[&%:|^c\/,]//g;
    $text =~ s/\\(?:\(|\*\()(..)/$character{$1} \/\/ "\x{FFFD}"/ge;
    $text =~ s/\\\[(\w\w)\]/$character{$1} \/\/ "\x{FFFD}"/ge;
    $text =~ s/\\[ ~0]/ /g;
    $text =~ s/\\-/-/g;
    $text =~ s/\\e/\\/g;
    return squeeze($text);
}

1;
