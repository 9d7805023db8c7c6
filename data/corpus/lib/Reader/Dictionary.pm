# The Ding dictionary of trans-de-en: a line is "German | German :: English | English", with notes in
# brackets and alternatives after ";". The group of a pair is the line's headword. Its argument says which
# to read: "sentences" (the examples of use) or "entries" (the words).
package Reader::Dictionary;
use strict;
use warnings;
use utf8;
use Text qw(squeeze);

# Patterns of grammar, not language: "to give sb. sth.", "etw. an jdn. geben".
my $pattern = qr/\b(?:sb|sth|jdn|jdm|jds|jd|etw|so|smb|smth|usw|etc)\.|\.\.\.|…|[\/<>~=]/;

sub read {
    my ($root, $emit, $kind) = @_;
    my $want_sentences = $kind eq 'sentences';
    open my $in, '<:encoding(UTF-8)', "$root/usr/share/trans/de-en" or die "trans-de-en: $!\n";
    while (my $line = <$in>) {
        chomp $line;
        next if $line =~ /^#/;
        my ($german, $english) = split / :: /, $line, 2;
        next if !defined $english;
        my @de = split / \| /, $german;
        my @en = split / \| /, $english;
        next if @en != @de;
        my $group = plain($de[0]);
        for my $i (0 .. $#en) {
            my ($en, $de) = map { plain($_) } $en[$i], $de[$i];
            next if !length $en || !length $de || $en =~ $pattern || $de =~ $pattern;
            my $are_sentences = is_sentence($en) && is_sentence($de);
            $emit->($group, $en, $de) if $want_sentences ? $are_sentences : !$are_sentences;
        }
    }
}

# The first alternative, without notes.
sub plain {
    my ($text) = @_;
    1 while $text =~ s/\{[^{}]*\}|\[[^\[\]]*\]|\([^()]*\)//g;
    return squeeze($text =~ s/;.*//sr) =~ s/ ([.,!?])/$1/gr;
}

sub is_sentence { return $_[0] =~ /^["“„‘'»]?\p{Lu}.* .*[.!?]["”“’'«]?$/ }

1;
