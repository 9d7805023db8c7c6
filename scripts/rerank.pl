#!/usr/bin/perl
# rerank.pl N-BEST SCORED NAME=WEIGHT...: of each line's translations in N-BEST (Moses' format) the one whose weighted
# features have the highest sum. SCORED is the same list with the features, line by line, as `satz score --n-best` prints
# it; its texts do not matter.
use strict;
use warnings;

sub fail {
    print STDERR @_, "\n";
    exit 1;
}

my ($list, $scored, @weights) = @ARGV;
fail("usage: rerank.pl N-BEST SCORED NAME=WEIGHT...") if !@weights;
my %weight = map { /^(\w+)=(-?[\d.]+)$/ ? ($1, $2) : fail("$_: write NAME=WEIGHT") } @weights;
open(my $texts, '<', $list) or fail("$list: $!");
open(my $features, '<', $scored) or fail("$scored: $!");

my ($line, $best, $highest) = (-1);
while (my $row = <$texts>) {
    my ($number, $text) = split / \|\|\| /, $row;
    my ($same, undef, $values) = split / \|\|\| /, <$features> // "";
    fail("$list:$.: $scored has no such line") if !defined $values || $same ne $number;
    my %value = $values =~ /(\w+)= (\S+)/g;
    my $sum = 0;
    for (sort keys %weight) {
        fail("$scored:$.: no feature $_") if !defined $value{$_};
        $sum += $weight{$_} * $value{$_};
    }
    if ($number != $line) {
        print "$best\n" if defined $best;
        fail("$list:$.: line $number comes after line $line") if $number != $line + 1;
        ($line, $best) = ($number, undef);
    }
    ($best, $highest) = ($text, $sum) if !defined $best || $sum > $highest;
    $best =~ s/&#124;/|/g;
}
print "$best\n" if defined $best;
fail("$scored has more lines than $list") if defined <$features>;
