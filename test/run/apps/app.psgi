# What an app for the tests of run mounts does, in PSGI.
use strict;

sub {
    my $env = shift;
    my $body = '';
    my $length = $env->{CONTENT_LENGTH} || 0;
    while ($length > 0) {
        my $read = $env->{'psgi.input'}->read(my $piece, $length) or last;
        $body .= $piece;
        $length -= $read;
    }
    die "no luck\n" if $env->{PATH_INFO} eq '/raise';
    my $text = join('|', map { $_ // '' } @$env{qw(REQUEST_METHOD SCRIPT_NAME PATH_INFO QUERY_STRING)}, $body);
    return [200, ['Content-Type', 'text/plain', 'Content-Length', length $text], [$text]];
};
