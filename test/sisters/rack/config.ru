# For servers that speak HTTP.
require_relative 'prefix'
require_relative 'app'

# Ruby holds back what is printed where that is no terminal: Thin tells of errors there.
$stdout.sync = true

use Prefix
run App
