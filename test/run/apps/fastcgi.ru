# The same in Rack by Debian's ruby-fcgi, which ends when a connection closes without a byte.
app = lambda do |env|
  text = [env['REQUEST_METHOD'], env['SCRIPT_NAME'], env['PATH_INFO'], env['QUERY_STRING'], env['rack.input'].read].join('|')
  [200, { 'content-type' => 'text/plain', 'content-length' => text.bytesize.to_s }, [text]]
end

run app
