-- The same in WSAPI.
local function run(env)
  local length = tonumber(env.CONTENT_LENGTH) or 0
  local body = length > 0 and env.input:read(length) or ''
  local text = table.concat({ env.REQUEST_METHOD, env.SCRIPT_NAME, env.PATH_INFO, env.QUERY_STRING or '', body }, '|')
  return 200, { ['Content-Type'] = 'text/plain' }, coroutine.wrap(function() coroutine.yield(text) end)
end

require('wsapi.fastcgi').run(run)
