-- The globals of Defold that the SDK needs: sys, json, http, websocket, timer.
-- Built on luasocket; only for the flows of live.lua against a server on this machine.
local socket = require('socket')
local http = require('socket.http')
local ltn12 = require('ltn12')
local mime = require('mime')
local json = require('json')

local defold = {}
local connections, timers, calls = {}, {}, {}

_G.sys = {
  get_sys_info = function()
    return { system_name = 'Linux' }
  end,
  get_save_file = function()
    return ''
  end,
  load = function()
    return {}
  end,
  save = function()
    return true
  end,
}
_G.json = { encode = json.encode, decode = json.decode }
_G.timer = {
  delay = function(seconds, _, run)
    timers[#timers + 1] = { at = socket.gettime() + seconds, run = run }
  end,
}
_G.http = {
  request = function(url, method, callback, headers, body)
    calls[#calls + 1] = function()
      local answer = {}
      local given = {}
      for name, value in pairs(headers) do
        given[name] = value
      end
      given['Content-Length'] = #body
      local _, status, answered = http.request({
        url = url, method = method, headers = given,
        source = ltn12.source.string(body), sink = ltn12.sink.table(answer),
      })
      callback(nil, nil, { status = tonumber(status) or 0, headers = answered or {}, response = table.concat(answer) })
    end
  end,
}

_G.websocket = { EVENT_DISCONNECTED = 0, EVENT_CONNECTED = 1, EVENT_ERROR = 2, EVENT_MESSAGE = 3 }

local function frame(opcode, payload)
  local size = #payload
  local head = string.char(0x80 + opcode)
  if size < 126 then
    head = head .. string.char(0x80 + size)
  else
    head = head .. string.char(0x80 + 126, math.floor(size / 256), size % 256)
  end
  -- A mask of zeros leaves the bytes as they are.
  return head .. '\0\0\0\0' .. payload
end

function websocket.connect(url, _, callback)
  local host, port, path = url:match('^ws://([^:/]+):(%d+)(/.*)$')
  local tcp = assert(socket.connect(host, tonumber(port)))
  tcp:send(table.concat({
    'GET ' .. path .. ' HTTP/1.1', 'Host: ' .. host .. ':' .. port, 'Upgrade: websocket', 'Connection: Upgrade',
    'Sec-WebSocket-Key: ' .. mime.b64(('k'):rep(16)), 'Sec-WebSocket-Version: 13', '', '',
  }, '\r\n'))
  repeat
    local line = assert(tcp:receive('*l'))
  until line == ''
  tcp:settimeout(0)
  local connection = { tcp = tcp, buffer = '' }
  connection.tell = function(event, message, code)
    callback(nil, connection, { event = event, message = message, code = code })
  end
  calls[#calls + 1] = function()
    connections[connection] = true
    connection.tell(websocket.EVENT_CONNECTED)
  end
  return connection
end

function websocket.send(connection, bytes)
  connection.tcp:settimeout(1)
  connection.tcp:send(frame(2, bytes))
  connection.tcp:settimeout(0)
end

-- The network is lost: no close frame.
function websocket.disconnect(connection)
  connections[connection] = nil
  connection.tcp:close()
end

local function take(connection)
  local buffer = connection.buffer
  if #buffer < 2 then
    return false
  end
  local opcode, size, start = buffer:byte(1) % 16, buffer:byte(2) % 128, 3
  if size == 126 then
    if #buffer < 4 then
      return false
    end
    size, start = buffer:byte(3) * 256 + buffer:byte(4), 5
  end
  if #buffer < start + size - 1 then
    return false
  end
  local payload = buffer:sub(start, start + size - 1)
  connection.buffer = buffer:sub(start + size)
  if opcode == 9 then
    connection.tcp:send(frame(10, payload))
  elseif opcode == 8 then
    connections[connection] = nil
    connection.tcp:close()
    local code = #payload >= 2 and payload:byte(1) * 256 + payload:byte(2) or 1005
    connection.tell(websocket.EVENT_DISCONNECTED, nil, code)
  else
    connection.tell(websocket.EVENT_MESSAGE, payload)
  end
  return connections[connection] ~= nil
end

local function step()
  local due = calls
  calls = {}
  for _, call in ipairs(due) do
    call()
  end
  for at = #timers, 1, -1 do
    if timers[at].at <= socket.gettime() then
      table.remove(timers, at).run()
    end
  end
  for connection in pairs(connections) do
    local bytes, problem, partial = connection.tcp:receive(65536)
    connection.buffer = connection.buffer .. (bytes or partial or '')
    while take(connection) do end
    if problem == 'closed' and connections[connection] then
      connections[connection] = nil
      connection.tell(websocket.EVENT_DISCONNECTED, nil, 1006)
    end
  end
end

-- Runs the loop until `condition` holds; an error after 10 s.
function defold.wait(condition, what)
  local deadline = socket.gettime() + 10
  while not condition() do
    if socket.gettime() > deadline then
      error('timed out waiting for ' .. what)
    end
    step()
    socket.sleep(0.002)
  end
end

return defold
