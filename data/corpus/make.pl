#!/usr/bin/env perl
# Makes the corpus of one set from the unpacked packages: reads each source, cleans, divides, writes. The
# same input gives the same bytes.
#   perl -I lib make.pl SOURCES.TSV core|full ROOT OUTDIR
use strict;
use warnings;
use utf8;
use open qw(:std :encoding(UTF-8));
use Clean qw(normalise fault key);
use Split qw(divide);

@ARGV == 4 or die "usage: perl -I lib make.pl SOURCES.TSV core|full ROOT OUTDIR\n";
my ($table, $set, $root, $out) = @ARGV;

my @sources = sources($table, $set);
my (@pairs, %seen, %n_read, %dropped);
for my $source (@sources) {
    read_source($source);
    printf "%-20s %6d pairs read, %6d good\n", $source->{name}, $n_read{ $source->{name} },
        scalar grep { $_->{source} eq $source->{name} } @pairs;
}
my ($part, $n_near) = divide(\@pairs, { map { $_->{name} => $_->{'held-out'} } @sources });
write_part($_) for qw(train dev test);
write_licences();
write_manifest();

# The table's rows of a set.
sub sources {
    my ($file, $set) = @_;
    open my $in, '<', $file or die "$file: $!\n";
    my @rows;
    while (<$in>) {
        chomp;
        next if /^#|^\s*$/;
        my %row;
        @row{qw(name set held-out reader licence packages)} = split /\t/;
        defined $row{packages} or die "$file:$.: a row has six fields, parted by tabs\n";
        push @rows, \%row if $row{set} eq 'core' || $set eq 'full';
    }
    return @rows;
}

# Adds a source's good pairs to @pairs, and counts the others by their fault.
sub read_source {
    my ($source) = @_;
    my ($reader, @arguments) = split / /, $source->{reader};
    require "Reader/$reader.pm";
    my $n = 0;
    "Reader::$reader"->can('read')->($root, sub {
        my ($group, $en, $de) = @_;
        $n++;
        ($en, $de) = map { normalise($_) } $en, $de;
        my $fault = fault($en, $de);
        my $key = key($en) . "\t" . key($de);
        $fault //= 'duplicate' if $seen{$key}++;
        if ($fault) { $dropped{ $source->{name} }{$fault}++ }
        else { push @pairs, { source => $source->{name}, group => $group, en => $en, de => $de } }
    }, @arguments);
    $n > 0 or die "$source->{name}: nothing to read under $root; remove that folder and run again\n";
    $n_read{ $source->{name} } = $n;
}

sub write_file {
    my ($name, @lines) = @_;
    open my $file, '>', "$out/$name" or die "$out/$name: $!\n";
    print {$file} map { "$_\n" } @lines;
    close $file or die "$out/$name: $!\n";
}

sub write_part {
    my ($name) = @_;
    for my $field (qw(en de source)) {
        write_file("$name.$field", map { $_->{$field} } @{ $part->{$name} });
    }
}

sub write_licences {
    write_file('LICENCES.txt',
        'Each source keeps its own licence; the text is in the package named.', '',
        map { "$_->{name}: $_->{licence}"
              . ($_->{packages} eq '-' ? '' : " (/usr/share/doc/*/copyright of $_->{packages})") } @sources);
}

sub write_manifest {
    my %count;
    for my $name (qw(train dev test)) { $count{ $_->{source} }{$name}++ for @{ $part->{$name} } }
    my @lines = ("set: $set", '', sprintf '%-20s %8s %8s %6s %6s', qw(source read train dev test));
    for my $source (map { $_->{name} } @sources) {
        push @lines, sprintf '%-20s %8d %8d %6d %6d', $source, $n_read{$source},
            map { $count{$source}{$_} // 0 } qw(train dev test);
    }
    push @lines, sprintf('%-20s %8s %8d %6d %6d', 'all', '', map { scalar @{ $part->{$_} } } qw(train dev test)),
        '', "dropped as near-duplicates of dev or test: $n_near", 'dropped as not good:';
    for my $source (map { $_->{name} } @sources) {
        push @lines, "  $source: " . join ', ',
            map { "$_ $dropped{$source}{$_}" } sort keys %{ $dropped{$source} };
    }
    write_file('manifest.txt', @lines);
}
