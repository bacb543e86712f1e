#!/bin/sh
# The same as a CGI script, as far as a shell goes.
printf 'Content-Type: application/octet-stream\n\n'
case $PATH_INFO in
/get) printf %s "$QUERY_STRING" ;;
/post) printf '%s %s' "$QUERY_STRING" "$(sha256sum | cut -d ' ' -f 1)" ;;
/echo) cat ;;
esac
