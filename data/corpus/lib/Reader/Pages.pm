# Translated books and help in HTML or XML, a file for each language. Its two arguments say where a
# language's files are, as FOLDER:ENDING; files of the same name but for the ending belong together. The
# group of a pair is its file.
package Reader::Pages;
use strict;
use warnings;
use utf8;
use File::Find;
use Text qw(slurp strip_markup pair_sentences pair_sections);

# Tags within a line of text; any other tag parts texts.
my %inline = map { $_ => 1 } qw(a abbr acronym app b br cite cmd code em file gui guiseq i img input kbd key
    keyseq link output q s small span strong sub sup sys tt u var);

# What holds no prose.
my $skipped = join '|', qw(pre screen head script style svg credit mal:credit listing synopsis);

sub read {
    my ($root, $emit, $en_files, $de_files) = @_;
    my ($en, $de) = map { files($root, split /:/) } $en_files, $de_files;
    for my $stem (grep { exists $de->{$_} } sort keys %$en) {
        my @sections = map { [ sections(slurp($_)) ] } $en->{$stem}, $de->{$stem};
        $emit->($stem, @$_) for map { pair_sentences(@$_) } pair_sections(@sections);
    }
}

# The files of a folder with an ending, by what comes before it.
sub files {
    my ($root, $folder, $ending) = @_;
    my %file;
    find({ no_chdir => 1, wanted => sub {
        $file{$1} = $_ if m{^\Q$root/$folder\E/(.*)\Q$ending\E$};
    } }, "$root/$folder");
    return \%file;
}

# A page's sections, each a list of [tag, text]; a heading begins one.
sub sections {
    my ($page) = @_;
    $page =~ s/<!--.*?-->//gs;
    $page =~ s{<($skipped)\b[^>]*>.*?</\1>}{<block>}gs;
    $page =~ s{<ul class="docnav".*?</ul>}{<block>}gs;    # links to the neighbouring pages
    $page =~ s{<link\b[^>]*/>}{\x{FFFD}}g;               # named after its target; the cleaner drops it
    $page =~ s{</gui>\s*<gui\b[^>]*>}{ ▸ }g;
    $page =~ s{</key>\s*<key\b[^>]*>}{+}g;
    my @sections = ([]);
    my ($tag, $text) = ('', '');
    for my $piece (split /(<[^>]*>)/, $page) {
        my ($name) = $piece =~ m{^</?([\w:-]+)};
        if ($piece !~ /^</ || (defined $name && $inline{$name})) {
            $text .= $piece;
            next;
        }
        my $plain = strip_markup($text) =~ s/¶$//r =~ s/^\d+(?:\.\d+)*\.? (?=\p{Lu})//r;
        push @{ $sections[-1] }, [ $tag, $plain ] if length $plain;
        ($tag, $text) = ($name // '', '');
        push @sections, [] if $piece =~ /^<(?:h[1-6]|title)\b/;
    }
    return @sections;
}

1;
