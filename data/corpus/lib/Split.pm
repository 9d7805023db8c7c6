# Divides pairs into train, dev and test by whole groups, so that what is tested was not learnt from.
package Split;
use strict;
use warnings;
use utf8;
use Clean qw(key words);
use Digest::MD5 qw(md5_hex);
use Encode qw(encode);
use Exporter 'import';
our @EXPORT_OK = qw(divide);

my $biggest_group = 25;     # of pairs in dev or test: no single document outweighs the others
my $least_words   = 4;      # of an English side that is worth testing
my $near          = 0.5;    # 4-grams shared by near-duplicates, of the longer one's

# Puts every pair { source, group, en, de } into one of three lists: { train, dev, test }. For each source
# dev and test get whole groups, in the order of a hash of their names, until they have n_held_out->{source}
# pairs; very short ones among them are left out. Pairs of train too like one of dev or test, and those of
# dev too like one of test, are left out; returns how many as the second value.
sub divide {
    my ($pairs, $n_held_out) = @_;
    my (%groups, %part_of);
    push @{ $groups{ $_->{source} }{ $_->{group} } }, $_ for @$pairs;
    for my $source (sort keys %groups) {
        my $group = $groups{$source};
        my %rank  = map { $_ => md5_hex(encode('UTF-8', "$source/$_")) } keys %$group;
        my %wanted = (test => $n_held_out->{$source}, dev => $n_held_out->{$source});
        for my $name (sort { $rank{$a} cmp $rank{$b} } keys %$group) {
            next if @{ $group->{$name} } > $biggest_group;
            my ($part) = grep { $wanted{$_} > 0 } qw(test dev);
            last if !$part;
            $part_of{$source}{$name} = $part;
            $wanted{$part} -= grep { words($_->{en}) >= $least_words } @{ $group->{$name} };
        }
    }
    my %part = (train => [], dev => [], test => []);
    for my $pair (@$pairs) {
        my $name = $part_of{ $pair->{source} }{ $pair->{group} } // 'train';
        next if $name ne 'train' && words($pair->{en}) < $least_words;
        push @{ $part{$name} }, $pair;
    }
    my $n_before = @{ $part{dev} } + @{ $part{train} };
    for my $side (qw(en de)) {
        $part{dev}   = unlike($part{dev}, $part{test}, $side);
        $part{train} = unlike($part{train}, [ @{ $part{dev} }, @{ $part{test} } ], $side);
    }
    return (\%part, $n_before - @{ $part{dev} } - @{ $part{train} });
}

sub fourgrams {
    my ($text) = @_;
    my @words = split / /, key($text);
    my %grams = map { join(' ', @words[ $_ .. $_ + 3 ]) => 1 } 0 .. $#words - 3;
    return keys %grams;
}

# Those of @$pairs that are no near-duplicates of any of @$held on one side.
sub unlike {
    my ($pairs, $held, $side) = @_;
    my (%same, %holders, @n_grams);
    for my $i (0 .. $#$held) {
        my $text = $held->[$i]{$side};
        $same{ key($text) } = 1;
        my @grams = fourgrams($text);
        $n_grams[$i] = @grams;
        push @{ $holders{$_} }, $i for @grams;
    }
    return [ grep {
        my $text  = $_->{$side};
        my @grams = fourgrams($text);
        my %n_shared;
        $n_shared{$_}++ for map { @{ $holders{$_} // [] } } @grams;
        !$same{ key($text) } && !grep {
            my $longer = $n_grams[$_] > @grams ? $n_grams[$_] : @grams;
            $n_shared{$_} >= $near * $longer
        } keys %n_shared;
    } @$pairs ];
}

1;
