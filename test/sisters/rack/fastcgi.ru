# By FastCGI the prefix is in SCRIPT_NAME already.
require_relative 'app'

run App
