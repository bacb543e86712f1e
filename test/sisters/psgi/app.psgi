# A PSGI app without a framework: what the checks of test/sisters/checks.ts ask for.
use strict;
use warnings;

# By FastCGI, Plack sends on what an app has written at once only where STDOUT does.
$| = 1;

sub text { [200, ['Content-Type', 'text/plain; charset=utf-8', @_[1 .. $#_]], [$_[0]]] }

sub body {
    my $env = shift;
    my $body = '';
    # Plack has every body at hand, with its length, also one that came in chunks.
    while ($env->{'psgi.input'}->read(my $piece, 65536)) { $body .= $piece }
    return $body;
}

# Twiggy has one process and no threads: what waits there waits for an event.
sub later {
    my ($env, $then) = @_;
    unless ($env->{'psgi.nonblocking'}) {
        select undef, undef, undef, 0.5;
        return $then->();
    }
    my $timer;
    $timer = AnyEvent->timer(after => 0.5, cb => sub { undef $timer; $then->() });
}

sub stream {
    my $env = shift;
    return sub {
        my $writer = shift->([200, ['Content-Type', 'text/plain', 'X-Accel-Buffering', 'no']]);
        my ($number, $next) = (0);
        $next = sub {
            $writer->write("$number\n");
            return later($env, $next) if ++$number < 3;
            undef $next;
            $writer->close;
        };
        $next->();
    };
}

sub {
    my $env = shift;
    my $path = $env->{PATH_INFO};
    return text(join '|', $env->{SCRIPT_NAME}, $path, $env->{QUERY_STRING}) if $path =~ m{^/where/};
    return text(body($env)) if $path eq '/echo';
    return [302, ['Location', "$env->{SCRIPT_NAME}/where/there"], []] if $path eq '/go';
    return text('', 'Set-Cookie', 'a=1; Path=/', 'Set-Cookie', 'b=1; Path=/') if $path eq '/cookies';
    return stream($env) if $path eq '/stream';
    die "broken on purpose: $env->{QUERY_STRING}" if $path eq '/broken';
    return [404, ['Content-Type', 'text/plain'], ['nothing is here']];
};
