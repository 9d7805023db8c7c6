#!/usr/bin/env bash
# Checks the readers, the cleaner and the division on small made-up packages; needs no network.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
export LC_ALL=C.UTF-8
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
exec perl -I "$here/lib" -x "$0" "$here" "$work"
#!perl
use strict;
use warnings;
use utf8;
use open qw(:std :encoding(UTF-8));
use Clean qw(normalise fault key);
use File::Basename qw(dirname);
use File::Path qw(make_path remove_tree);
use IO::Compress::Gzip qw(gzip);
use Split qw(divide);
use Test::More;

my ($here, $work) = @ARGV;
my $root = "$work/root";

sub put {
    my ($name, $text) = @_;
    make_path(dirname("$root/$name"));
    open my $file, '>', "$root/$name" or die "$name: $!\n";
    print {$file} $text;
    close $file or die "$name: $!\n";
}

# What a reader gives: "group: en = de", one a line.
sub pairs_of {
    my ($reader, @arguments) = @_;
    require "Reader/$reader.pm";
    my $pairs = '';
    "Reader::$reader"->can('read')->($root, sub { $pairs .= "$_[0]: $_[1] = $_[2]\n" }, @arguments);
    return $pairs;
}

# The cleaner.
is(normalise("a\x{A0}u\x{308}  b\x{AD}c\t"), 'a ü bc', 'normalised: NFC, spaces, soft hyphens');
is(normalise('- An item'), 'An item', 'a list mark goes');
is(key('„Das“ ist, 1.'), 'das ist 1', 'a key has letters and numbers alone');
my @cases = (
    [ undef, 'It costs 1,000.50 euros today.', 'Es kostet heute 1.000,50 Euro.' ],
    [ undef, 'Dotted', 'Gepunktet' ],
    [ 'empty', '...', 'Nichts' ],
    [ 'identical', 'Debian GNU/Linux', 'debian gnu linux' ],
    [ 'too long', 'a word ' x 60, 'ein Wort ' x 60 ],
    [ 'lengths differ', 'Short.', 'Dies ist ein viel längerer Satz als der andere.' ],
    [ 'address', 'See http://example.org/ for more.', 'Siehe http://example.org/ dazu.' ],
    [ 'placeholder or code', 'Delete %s files', 'Lösche %s Dateien' ],
    [ 'placeholder or code', 'Use the option --force here', 'Hier die Option --force benutzen' ],
    [ 'few letters', 'ab 1 + 2 = 3 - 4 / 5', 'ba 1 + 2 = 3 - 4 / 5' ],
    [ 'numbers differ', 'Version 2 of it', 'Version 3 davon' ],
    [ 'not translated', 'the name of the file is old', 'the name of the file is alt' ],
    [ 'ends differ', 'Is it here?', 'Es ist hier.' ],
);
is(fault(normalise($_->[1]), normalise($_->[2])), $_->[0], 'fault: ' . ($_->[0] // "none in $_->[1]")) for @cases;

# The readers.
put('Packages', "Package: libpear1\nSource: pear (1.0)\n\nPackage: fig\n");
put('Translations', <<'END');
Package: libpear1
Description-md5: 11
Description-en: juicy library
 It is green. Pears, e.g. Conference, are
 sweet.
 .
  * a console-
    based list
  * two

Package: fig
Description-md5: 22
Description-en: only in English

Package: libpear1
Description-md5: 11
Description-de: saftige Bibliothek
 Sie ist grün. Birnen, z.B. Conference, sind süß.
 .
  * eine Konsolen-
    Liste
  * zwei

END
is(pairs_of('Descriptions'), <<'END', 'descriptions: joined, parted into items and sentences');
pear: juicy library = saftige Bibliothek
pear: It is green. = Sie ist grün.
pear: Pears, e.g. Conference, are sweet. = Birnen, z.B. Conference, sind süß.
pear: a console-based list = eine Konsolen-Liste
pear: two = zwei
END

put('usr/share/trans/de-en', <<'END');
# Version :: 1
Sonne {f} [astron.] | Die Sonne scheint. (jetzt) | etw. sehen :: sun; star | The sun shines. | to see sth.
Mond {m} | Monde {pl} :: moon
END
is(pairs_of('Dictionary', 'sentences'), "Sonne: The sun shines. = Die Sonne scheint.\n", 'dictionary: sentences');
is(pairs_of('Dictionary', 'entries'), "Sonne: sun = Sonne\n", 'dictionary: entries');

my $help = 'usr/share/libreoffice/help';
my $keys = '<span class="switchinline"><span class="MAC"><span>%s</span></span><span id="d"><span>%s</span></span></span>';
my ($keys_en, $keys_de) = (sprintf($keys, 'Command', 'Ctrl'), sprintf($keys, 'Befehl', 'Strg'));
put("$help/en-US/text/a.html", qq{<h1 id="hd_1">Tables</h1><p id="par_2">Press <b>$keys_en+C</b>.</p><p id="par_3">New.</p>});
put("$help/de/text/a.html", qq{<h1 id="hd_1">Tabellen</h1><p id="par_2">Drücken Sie <b>$keys_de+C</b>.</p>});
is(pairs_of('LibreOffice'), <<'END', 'LibreOffice: joined by identifier');
text/a.html: Tables = Tabellen
text/a.html: Press Ctrl+C. = Drücken Sie Strg+C.
END

put('book/en/one.page', '<page><title>1.2. Mice</title><p>Two &lt;mice&gt;.</p><p>See <link xref="x"/>.</p><screen>ls</screen><title>B</title><p>C.</p></page>');
put('book/de/one.page', '<page><title>1.2. Mäuse</title><p>Zwei <em>&lt;Mäuse&gt;</em>.</p><p>Siehe <link xref="x"/>.</p><title>B</title><note>D.</note></page>');
is(pairs_of('Pages', 'book/en:.page', 'book/de:.page'), <<'END', 'pages: sections of one structure');
one: Mice = Mäuse
one: Two <mice>. = Zwei <Mäuse>.
one: See �. = Siehe �.
END

put("usr/share/man/$_->[0]man1/x.1", $_->[1]) for
    [ '',    ".TH x 1\n.SH NAME\nx \\- cut\n.SH OPTIONS\n.TP\n.B \\-a\nShow\n.I all\nfiles.\n.nf\ncode\n.fi\n" ],
    [ 'de/', ".TH x 1\n.SH NAME\nx \\- schneiden\n.SH OPTIONEN\n.TP\n\\fB\\-a\\fP\nZeigt \\fIalle\\fP Dateien.\n.nf\n"
        . "code\n.fi\n.SH ÜBERSETZUNG\nMax\n" ];
for ("$root/usr/share/man/man1/x.1", "$root/usr/share/man/de/man1/x.1") {
    gzip($_ => "$_.gz") or die "$_: cannot compress\n";
}
like(pairs_of('Manpages'), qr/: x - cut = x - schneiden\n.*: Show all files\. = Zeigt alle Dateien\.\n/s, 'manual pages');

# The division: whole groups, no near-duplicates, and the wanted numbers.
my @pairs = map {
    my $n = $_;
    map { { source => 's', group => "g$n", en => "word$n is like word$_ a$n", de => "wort$n ist wie wort$_ b$n" } } 1 .. 4
} 1 .. 50;
my ($part) = divide(\@pairs, { s => 8 });
is(scalar @{ $part->{$_} }, 8, "$_ has the wanted number") for qw(test dev);
my %parts_of;
for my $name (keys %$part) { $parts_of{ $_->{group} }{$name} = 1 for @{ $part->{$name} } }
ok(!grep({ keys %$_ > 1 } values %parts_of), 'a group is in one part');
my $copy = { %{ $part->{test}[0] }, group => 'elsewhere', de => 'ganz anders als dort gesagt' };
$copy->{en} .= ' more';
my ($again, $n_near) = divide([ @pairs, $copy ], { s => 8 });
is($n_near, 1, 'a near-duplicate is left out');
is_deeply($again->{test}, $part->{test}, 'the test part stays the same');

# The whole: the same input gives the same bytes.
open my $table, '>', "$work/sources.tsv" or die "sources.tsv: $!\n";
print {$table} "descriptions\tcore\t1\tDescriptions\tfree\t-\nbook\tfull\t1\tPages book/en:.page book/de:.page\tfree\tbook\n";
close $table or die "sources.tsv: $!\n";
for my $out (qw(one two)) {
    mkdir "$work/$out";
    system("perl -I '$here/lib' '$here/make.pl' '$work/sources.tsv' full '$root' '$work/$out' >/dev/null") == 0
        or die "make.pl failed\n";
}
is(system("diff -r '$work/one' '$work/two'"), 0, 'two runs give the same bytes');
is(join(' ', sort map { s/.*\///r } glob "$work/one/*"), join(' ', sort qw(LICENCES.txt manifest.txt),
    map { my $part = $_; map { "$part.$_" } qw(en de source) } qw(train dev test)), 'all files are there');
done_testing();
