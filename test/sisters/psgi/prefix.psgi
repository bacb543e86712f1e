# Below a prefix, for servers that speak HTTP: Sidegate says it in X-Forwarded-Prefix, and PSGI has it in SCRIPT_NAME.
use Plack::Builder;
use Plack::Util;
use URI::Escape;

builder {
    enable sub {
        my $app = shift;
        sub {
            my $env = shift;
            $env->{SCRIPT_NAME} = uri_unescape(delete $env->{HTTP_X_FORWARDED_PREFIX} // '');
            $app->($env);
        };
    };
    Plack::Util::load_psgi('app.psgi');
};
