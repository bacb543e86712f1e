# A Rack app without a framework: what the checks of test/sisters/checks.ts ask for.
require 'rack'

class Stream
  def each
    3.times do |number|
      sleep 0.5 if number > 0
      yield "#{number}\n"
    end
  end
end

TYPE = { 'content-type' => 'text/plain; charset=utf-8' }.freeze

# Servers that speak HTTP give the path as it was asked for, others decoded.
WHERE = lambda do |env|
  path = env['PATH_INFO'].gsub(/%\h\h/) { |code| code[1, 2].hex.chr }
  [env['SCRIPT_NAME'], path, env['QUERY_STRING']].map { |part| part.dup.force_encoding('UTF-8') }.join('|')
end

ECHO = lambda do |env|
  require 'websocket/driver'
  env['rack.hijack'].call
  io = env['rack.hijack_io']
  driver = WebSocket::Driver.rack(Struct.new(:env, :url, :io) { def write(bytes) = io.write(bytes) }.new(env, '', io))
  driver.on(:message) { |event| event.data.is_a?(String) ? driver.text(event.data) : driver.binary(event.data) }
  driver.on(:close) { io.close }
  Thread.new do
    driver.start
    driver.parse(io.readpartial(4096)) until io.closed?
  rescue IOError, SystemCallError
    io.close
  end
  [-1, {}, []]
end

App = lambda do |env|
  case env['PATH_INFO']
  when %r{\A/where/} then [200, TYPE.dup, [WHERE.call(env)]]
  when '/echo' then [200, TYPE.dup, [env['rack.input'].read]]
  when '/go' then [302, { 'location' => "#{env['SCRIPT_NAME']}/where/there" }, []]
  when '/stream' then [200, TYPE.merge('x-accel-buffering' => 'no'), Stream.new]
  when '/broken' then raise "broken on purpose: #{env['QUERY_STRING']}"
  when '/socket' then ECHO.call(env)
  when '/cookies'
    response = Rack::Response.new
    %w[a b].each { |name| response.set_cookie(name, value: '1', path: '/') }
    response.finish
  else [404, TYPE.dup, ['nothing is here']]
  end
end
