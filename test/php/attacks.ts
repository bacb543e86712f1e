// Paths of a folder of PHP that lead, or might lead, to what is not handed out.

/** Ways to write what is not handed out, below a prefix. */
export const ATTACKS: readonly string[] = `
  /%2e%2e/out.css /..%2fout.css /%2e%2e%2fout.css /img/../../out.css /img/..%2f..%2fout.css /..;/out.css
  /.%2e/out.css /..%5cout.css /%252e%252e/out.css /%c0%ae%c0%ae/out.css /img/%2e%2e/%2e%2e/out.css
  /.env /%2eenv /./.env /img/../.env /img/%2e%2e/.env //.env /.env/ /.env%20 /.env%00.css /.%65nv
  /.git/config /.%67it/config /%2egit%2fconfig /.git%2fconfig /.well-known/../.env /.well-known/../.git/config
  /wp-config.php.bak /wp-config%2ephp%2ebak /wp-config.php.bak/ /wp-config.php.bak%00 /wp-config.css /WP-CONFIG.CSS
  /copy.css.bak /copy.css%2Ebak /copy.css.bak%20 /copy.css.bak. /old.php~ /old.php%7e /old.php%7E /OLD~1.PHP
  /WP.PHP /wp.php /WP.PHP/ /WP.PHP/x.css /WP.PHP%20 /WP.PHP. /WP.PHP%2e /WP.PHP::$DATA /WP.PHP%3a%3a$DATA
  /WP.PHP;.css /WP.PHP%3b.css /WP.PHP%00.css /WP.PHP%0a /WP.PHP%0a.css /WP.PHP%23.css /WP.PHP%3f.css /WP.PHP?.css
  /dump.SQL /dump.sql /dump.SQL/x.css /composer.json /COMPOSER.JSON /composer.json%20 /composer%2ejson //composer.json
  /wp-content/uploads/x.php /wp-content/uploads/x.php/y.css /wp-content/uploads/x.php%20 /wp-content//uploads/x.php
  /wp-content/uploads/X.PHP /wp-content/uploads/./x.php /img/../wp-content/uploads/x.php /wp-content%2fuploads%2fx.php
  /private/a.css /PRIVATE/a.css //private/a.css /./private/a.css /img/../private/a.css /private%2fa.css /%70rivate/a.css
  /img/%2e%2e/private/a.css /private/../private/a.css /private//a.css /private/./a.css /private;x/a.css /lib/../private/a.css
  /disguise.css /shut.css /out.css /linked/../private/a.css /linked/%2e%2e/private/a.css /linked/../../out.css
  /readme.html /README.html /readme.html/ /readme.html%20 /style.css/../readme.html /style.css/../.env
`
  .trim()
  .split(/\s+/)
