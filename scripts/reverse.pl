#!/usr/bin/perl
# reverse.pl: the words of each line, with punctuation as words of its own, from right to left; of an n-best list (Moses'
# format) those of its translations.
use strict;
use warnings;

sub reversed {
    my ($text) = @_;
    $text =~ s/([.,!?;:"()])/ $1 /g;
    return join(' ', reverse split ' ', $text);
}

while (my $line = <STDIN>) {
    chomp $line;
    if (my ($number, $text, $rest) = $line =~ /^(\d+ \|\|\| )(.*?)( \|\|\| .*)$/) {
        $text =~ s/&#124;/|/g;
        $text = reversed($text);
        $text =~ s/\|/&#124;/g;
        print "$number$text$rest\n";
    } else {
        print reversed($line), "\n";
    }
}
