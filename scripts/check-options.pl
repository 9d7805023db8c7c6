#!/usr/bin/env perl
# Fails, and names them, when options of commands are never given in the tests:
#   scripts/check-options.pl SATZ FILE...
# In the FILEs, which are C with shell in its strings, an option belongs to the command of its pipeline;
# one at the beginning of a string, or after $t, to the command that was named last. START( is
# `satz serve`, and `satz $m` what `for m in` names.
use strict;
use warnings;

my $satz = shift @ARGV;
my @commands = split /\n/, `$satz --help=commands`;
die "check-options: $satz lists no commands\n" unless @commands;
my $command = join '|', map { quotemeta } sort { length $b <=> length $a } @commands;

my %given;    # "COMMAND --option" or "COMMAND -o"
for my $file (@ARGV) {
    open my $in, '<', $file or die "check-options: $file: $!\n";
    my $text = do { local $/; <$in> };
    $text =~ s/"\s*\n\s*"//g;    # C's literals in a row
    my (@loop, @last, @current);
    while ($text =~ /(?:\b(?:satz|SATZ\\?"?)\s+|")(?<command>$command)\b|(?<end>[;|&]|\$\()
                     |for\ \w\ in\ (?<loop>[\w ]+)|(?<looped>satz\ \$m\b)|(?<again>"(?=-)|\$t\b)
                     |\b(?<serve>START\()|(?<![\w-])(?<option>--[a-z][a-z-]*|-[a-zA-Z])\b/gx) {
        if    (defined $+{command}) { @last = @current = ($+{command}) }
        elsif (defined $+{end})     { @current = () }
        elsif (defined $+{loop})    { @loop = split ' ', $+{loop} }
        elsif (defined $+{looped})  { @last = @current = @loop }
        elsif (defined $+{again})   { @current = @last }
        elsif (defined $+{serve})   { @last = @current = ('serve') }
        else                        { $given{"$_ $+{option}"} = 1 for @current }
    }
}

my $missing = 0;
for my $name (@commands) {
    for (`$satz $name --help`) {
        next unless /^ {2}(?:(-\w), | {4})(--[a-z][a-z-]*)/;
        my ($letter, $option) = ($1, $2);
        next if $option eq '--help' || $given{"$name $option"} || $letter && $given{"$name $letter"};
        print "satz $name $option: no test gives it\n";
        $missing = 1;
    }
}
exit $missing;
