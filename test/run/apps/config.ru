# The same in Rack. By HTTP Puma knows no SCRIPT_NAME, so Rack's URLMap takes the prefix off; it decodes no path.
app = lambda do |env|
  body = env['rack.input'].read
  text = [env['REQUEST_METHOD'], env['SCRIPT_NAME'], Rack::Utils.unescape_path(env['PATH_INFO']), env['QUERY_STRING'], body].join('|')
  [200, { 'content-type' => 'text/plain', 'content-length' => text.bytesize.to_s }, [text]]
end

map('/mounted') { run app }
