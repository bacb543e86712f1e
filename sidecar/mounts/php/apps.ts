// PHP apps that are known by their files, and what their own documentation has web servers do for them. Patterns as in script-rules.ts.
import type { ScriptRules } from '../script-rules.ts'

/** One of them. */
export interface PhpApp extends ScriptRules {
  /** As in the setting `app`. */
  readonly name: string
  readonly title: string
  /** Files that are all there. */
  readonly marks: readonly string[]
  readonly frontController?: string
  /** The front controller gets the path as its PATH_INFO. */
  readonly frontPathInfo?: boolean
}

/** All of them. */
export const apps: readonly PhpApp[] = [
  {
    name: 'wordpress',
    title: 'WordPress',
    marks: ['wp-load.php', 'wp-includes/version.php'],
    frontController: '/index.php',
    closed: '^/(?:readme[.]html|license[.]txt)$',
    uploads: '^/(?:wp-content/(?:uploads|blogs[.]dir|upgrade)|files)(?:/|$)',
  },
  {
    name: 'mediawiki',
    title: 'MediaWiki',
    marks: ['load.php', 'includes/WebStart.php'],
    frontController: '/index.php',
    closed:
      '^/(?:cache|includes|languages|maintenance|serialized|tests|vendor|bin|docs|images/deleted|images/lockdir)(?:/|$)|^/localsettings',
    uploads: '^/images(?:/|$)',
    entries:
      '^/(?:(?:index|load|api|thumb|thumb_handler|opensearch_desc|rest|img_auth)[.]php|mw-config/(?:index[.]php)?)$',
    missing: [{ below: '^/images/(?:[^/]+/)?thumb/', script: '/thumb_handler.php' }],
  },
  {
    name: 'drupal',
    title: 'Drupal',
    marks: ['core/includes/bootstrap.inc', 'index.php'],
    frontController: '/index.php',
    closed:
      '^/(?:vendor|sites/[^/]+/private|autoload[.]php)(?:/|$)|[.](?:engine|install|make|module|profile|po|theme|xtmpl)$',
    uploads: '^/sites/[^/]+/files(?:/|$)',
    entries: '^/(?:index[.]php|update[.]php|core/[^/]*[.]php|core/modules/statistics/statistics[.]php)$',
  },
  {
    name: 'nextcloud',
    title: 'Nextcloud',
    marks: ['status.php', 'occ', 'lib/versioncheck.php'],
    frontController: '/index.php',
    frontPathInfo: true,
    closed: '^/(?:build|tests|config|lib|3rdparty|templates|data)(?:/|$)|^/(?:autotest|occ|issue|indie|db_|console)',
    entries:
      '^/(?:index|remote|public|cron|status|core/ajax/update|ocs/v[12]|updater/.+|ocs-provider/.+|.+/richdocumentscode(?:_arm64)?/proxy)[.]php$',
  },
  {
    name: 'phpmyadmin',
    title: 'phpMyAdmin',
    marks: ['index.php', 'url.php', 'libraries/classes/Core.php'],
    closed:
      '^/(?:libraries|templates|vendor|sql|tmp|config|setup/(?:lib|frames)|locale|doc/html/_sources)(?:/|$)|^/config[.]',
  },
]
