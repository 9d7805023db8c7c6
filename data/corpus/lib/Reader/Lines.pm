# Two files whose n-th lines belong together, named by the arguments. The group of a pair is its English
# sentence, so that all translations of a sentence stay together.
package Reader::Lines;
use strict;
use warnings;
use utf8;
use Clean qw(key);

sub read {
    my ($root, $emit, @names) = @_;
    my ($en_file, $de_file) = map {
        open my $in, '<:encoding(UTF-8)', "$root/$_" or die "$root/$_: $!\n";
        $in;
    } @names;
    while (defined(my $en = <$en_file>)) {
        my $de = <$de_file> // die "$names[1]: fewer lines than $names[0]\n";
        chomp($en, $de);
        $emit->(key($en), $en, $de);
    }
}

1;
