#!/usr/bin/perl
# nearest.pl SATZ N-BEST REFERENCE OUT...: of each line's translations in an n-best list (Moses' format) the nearest to
# the reference by sentence BLEU goes to the first OUT, the next nearest of another text to the second, and so on; where
# there are no more, the last again.
use strict;
use warnings;
use File::Temp;

sub fail {
    print STDERR @_, "\n";
    exit 1;
}

my ($satz, $list, $reference, @out) = @ARGV;
fail("usage: nearest.pl SATZ N-BEST REFERENCE OUT...") if !@out;

sub lines {
    my ($path) = @_;
    open(my $file, '<', $path) or fail("$path: $!");
    chomp(my @lines = <$file>);
    return @lines;
}

my @reference = lines($reference);
my @translations = map { [] } @reference;
for (lines($list)) {
    my ($line, $text) = split / \|\|\| /;
    fail("$list: no line $line in $reference") if $line > $#reference;
    $text =~ s/&#124;/|/g;
    push @{$translations[$line]}, $text if $text ne "";
}

for (0 .. $#reference) {
    fail("$list: nothing for line $_") if !@{$translations[$_]};
}

my ($against, $these) = (File::Temp->new, File::Temp->new);
for my $line (0 .. $#reference) {
    for (@{$translations[$line]}) {
        print $against "$reference[$line]\n";
        print $these "$_\n";
    }
}
close($_) or fail("$!") for $against, $these;
open(my $bleu, '-|', $satz, 'bleu', '--sentence', '--score-only', '--width=6', "$against", "$these")
    or fail("$satz: $!");
my @scores = <$bleu>;
close($bleu) or fail("$satz bleu failed");

my @files = map { open(my $file, '>', "$_.new") or fail("$_.new: $!"); $file } @out;
for my $line (0 .. $#reference) {
    my @texts = @{$translations[$line]};
    my @score = splice(@scores, 0, scalar @texts);
    my %seen;
    my @nearest = grep { !$seen{$_}++ } @texts[sort { $score[$b] <=> $score[$a] || $a <=> $b } 0 .. $#texts];
    for (0 .. $#files) {
        print { $files[$_] } $nearest[$_ > $#nearest ? -1 : $_], "\n";
    }
}
for (0 .. $#files) {
    close($files[$_]) or fail("$out[$_].new: $!");
    rename("$out[$_].new", $out[$_]) or fail("$out[$_]: $!");
}
