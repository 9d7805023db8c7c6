# LibreOffice's help: both languages have the same files, whose paragraphs and headings have the same
# identifiers. The group of a pair is its file.
package Reader::LibreOffice;
use strict;
use warnings;
use utf8;
use File::Find;
use Text qw(slurp strip_markup pair_sentences);

sub read {
    my ($root, $emit) = @_;
    my $help = "$root/usr/share/libreoffice/help";
    my @files;
    find({ no_chdir => 1, wanted => sub { push @files, $1 if m{^\Q$help\E/de/(text/.*\.html)$} } }, "$help/de");
    for my $file (sort @files) {
        next if !-e "$help/en-US/$file";
        my ($en, $order) = paragraphs(slurp("$help/en-US/$file"));
        my ($de)         = paragraphs(slurp("$help/de/$file"));
        for my $id (grep { exists $de->{$_} } @$order) {
            $emit->($file, @$_) for pair_sentences($en->{$id}, $de->{$id});
        }
    }
}

# The texts of a page by identifier, and the identifiers in the page's order.
sub paragraphs {
    my ($html) = @_;
    my (%text, @order);
    while ($html =~ m{<(p|h\d)\b[^>]*\bid="((?:par|hd)_[^"]+)"[^>]*>(.*?)</\1>}gs) {
        my ($id, $markup) = ($2, $3);
        next if exists $text{$id} || $markup =~ /<code|class="literal"/;
        $text{$id} = strip_markup(without_variants($markup));
        push @order, $id;
    }
    return \%text, \@order;
}

my $span = qr{(<span\b[^>]*>(?:[^<]++|<(?!/?span\b)[^>]*>|(?-1))*+</span>)};

# Of a text that varies by system or module (Command or Ctrl) the default alone, or else the first variant.
sub without_variants {
    my ($markup) = @_;
    1 while $markup =~ s{<span\b[^>]*\bclass="switchinline"[^>]*>((?:$span)*)</span>}{
        my $all = $1;
        my @variants;
        push @variants, $1 while $all =~ /$span/g;
        my ($default) = grep { !/^<span\b[^>]*\bclass=/ } @variants;
        $default // $variants[0] // '';
    }ge;
    return $markup;
}

1;
