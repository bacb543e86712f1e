# The same in Rack. By HTTP Puma knows no SCRIPT_NAME, so `map` takes the prefix off; it decodes no path.
# Nothing here is of the gem rack: Puma serves Rack apps without it, and Debian installs Puma without it.
app = lambda do |env|
  path = env['PATH_INFO'].gsub(/%\h\h/) { |code| code[1, 2].hex.chr }
  body = env['rack.input'].read
  text = [env['REQUEST_METHOD'], env['SCRIPT_NAME'], path, env['QUERY_STRING'], body].join('|')
  [200, { 'content-type' => 'text/plain', 'content-length' => text.bytesize.to_s }, [text]]
end

map('/mounted') { run app }
