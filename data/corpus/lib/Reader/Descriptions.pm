# Package descriptions: the archive's English and German translation indexes, joined on the checksum of
# the English text. The group of a pair is its source package.
package Reader::Descriptions;
use strict;
use warnings;
use utf8;
use Text qw(pair_sentences);

sub read {
    my ($root, $emit) = @_;
    my %source;
    stanzas("$root/Packages", sub {
        my ($field) = @_;
        my ($source) = split / /, $field->{Source} // $field->{Package};
        $source{ $field->{Package} } = $source;
    });
    # Only the main archive has a German index: with its packages' names the result does not depend on
    # what other archives a machine uses.
    my (%en, %de, %package);
    stanzas("$root/Translations", sub {
        my ($field) = @_;
        my ($sum, $package) = @$field{qw(Description-md5 Package)};
        $en{$sum} = $field->{'Description-en'} if exists $field->{'Description-en'};
        return if !exists $field->{'Description-de'};
        $de{$sum} = $field->{'Description-de'};
        $package{$sum} = $package if !exists $package{$sum} || $package lt $package{$sum};
    });
    for my $sum (sort { $package{$a} cmp $package{$b} || $a cmp $b } keys %de) {
        next if !exists $en{$sum};
        my $group = $source{ $package{$sum} } // $package{$sum};
        $emit->($group, @$_) for pairs($en{$sum}, $de{$sum});
    }
}

# Calls back with the fields of every stanza of a file; continued lines stay apart.
sub stanzas {
    my ($file, $callback) = @_;
    open my $in, '<:encoding(UTF-8)', $file or die "$file: $!\n";
    local $/ = '';
    while (my $stanza = <$in>) {
        my %field;
        while ($stanza =~ /^([\w-]+):[ \t]*(.*(?:\n[ \t].*)*)/gm) { $field{$1} = $2 }
        $callback->(\%field) if exists $field{Package};
    }
}

# The pairs of one description: its synopsis, then its paragraphs and list items where their numbers agree.
sub pairs {
    my ($en, $de) = @_;
    my ($synopsis_en, @en) = units($en);
    my ($synopsis_de, @de) = units($de);
    my @pairs = ([ $synopsis_en, $synopsis_de ]);
    return @pairs if @en != @de;
    return @pairs, map { pair_sentences($en[$_], $de[$_]) } 0 .. $#en;
}

# A description's synopsis, paragraphs and list items. A line of " ." parts paragraphs, and an item starts
# with a bullet.
sub units {
    my ($description) = @_;
    my ($synopsis, @lines) = split /\n/, $description;
    my @units = ('');
    for my $line (@lines) {
        if ($line =~ /^ \.\s*$/) { push @units, '' }
        elsif ($line =~ /^\s+(?:[-*+•·o]|--|\d+[.)])\s+(.*)/) { push @units, $1 }
        else { $units[-1] .= " $line" }
        push @units, '' if $line =~ /:$/;
    }
    return $synopsis, grep { /\S/ } map { joined($_) } @units;
}

# A unit's lines were joined by spaces: not so where a line was broken after the hyphen of a compound.
sub joined {
    my ($text) = @_;
    return $text =~ s/(?<=\w-)\s{2,}(?!(?:and|or|to|und|oder|bzw|sowie|als)\b)//gr;
}

1;
