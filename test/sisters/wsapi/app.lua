-- A WSAPI app without a framework: what the checks of test/sisters/checks.ts ask for.
local TYPE = 'text/plain; charset=utf-8'

local function text(body)
  return 200, { ['Content-Type'] = TYPE }, coroutine.wrap(function() coroutine.yield(body) end)
end

local function stream()
  for number = 0, 2 do
    if number > 0 then os.execute('sleep 0.5') end
    coroutine.yield(number .. '\n')
  end
end

local function run(env)
  local path = env.PATH_INFO
  if path:find('^/where/') then
    return text(table.concat({ env.SCRIPT_NAME, path, env.QUERY_STRING }, '|'))
  elseif path == '/echo' then
    return text(env.input:read(tonumber(env.CONTENT_LENGTH) or 0) or '')
  elseif path == '/go' then
    return 302, { Location = env.SCRIPT_NAME .. '/where/there' }, function() end
  elseif path == '/cookies' then
    return 200, { ['Content-Type'] = TYPE, ['Set-Cookie'] = { 'a=1; Path=/', 'b=1; Path=/' } }, function() end
  elseif path == '/stream' then
    return 200, { ['Content-Type'] = TYPE, ['X-Accel-Buffering'] = 'no' }, coroutine.wrap(stream)
  elseif path == '/broken' then
    error('broken on purpose: ' .. env.QUERY_STRING)
  end
  return 404, { ['Content-Type'] = TYPE }, coroutine.wrap(function() coroutine.yield('nothing is here') end)
end

require('wsapi.fastcgi').run(run)
